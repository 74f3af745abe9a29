import JSON
import JobManifest
import Processes
import TestSupport
import Testing

/// A function of Python's for each element of a child's span.
struct ArrayTests {
    private static let python = "def f(x):\n    return x * x\n"

    @Test func eachChildHasItsSpanAndTheResultsAreInTheirPlaces() throws {
        let job = try TestJob(Self.python, JobManifest.Code.python)
        try job.map((0..<25).map(String.init), children: 4, workers: 2)
        var all: [Int: String] = [:]
        for child in 0..<4 {
            job.environment["AWS_BATCH_JOB_ARRAY_INDEX"] = String(child)
            let ended = try job.start()
            #expect(ended.wait() == .code(0))
            let outcome = try #require(try job.outcome(child: child))
            #expect(outcome.phase == .complete && outcome.child == child)
            #expect(outcome.elements?.succeeded == (child == 0 ? 7 : 6))
            all.merge(try job.results(child: child)) { _, new in new }
        }
        #expect(all == Dictionary(uniqueKeysWithValues: (0..<25).map { ($0, String($0 * $0)) }))
    }

    @Test func anElementThatFailsLosesOnlyItself() throws {
        let job = try TestJob(
            """
            import os, signal, sys
            def f(x):
                if x == 1: raise ValueError("no ones")
                if x == 2: return float("nan")
                if x == 3: return {1, 2}
                if x == 4: sys.exit(7)
                if x == 5: os._exit(9)
                if x == 6: os.kill(os.getpid(), signal.SIGKILL)
                if x == 7: return "x" * 100
                if x == 9: raise ValueError(os.fsdecode(bytes([255])))
                if x == 8 and os.fork() == 0: return "the fork's"
                return [x, {"größe": None}]
            """, JobManifest.Code.python)
        try job.map((0..<40).map(String.init), workers: 2)
        job.manifest.limits.resultBytes = 50
        let child = try job.start()
        #expect(child.wait() == .code(1))
        let results = try job.results()
        let lost = [
            1: "evaluationFailed: ValueError: no ones",
            2: "invalid: The result holds NaN or an infinity, which JSON does not have.",
            3: "invalid: A set has no form in JSON.", 4: "evaluationFailed: SystemExit: 7",
            5: "evaluationFailed: The worker ended with exit code 9.",
            6: "evaluationFailed: The worker was ended by signal 9.",
            7: "tooLarge: The result has 102 bytes; at most 50 may be.",
            9: #"evaluationFailed: ValueError: \udcff"#,
        ]
        for n in 0..<40 { #expect(results[n] == lost[n] ?? #"[\#(n),{"größe":null}]"#) }
        let outcome = try #require(try job.outcome(child: 0))
        #expect(outcome.exit == .code(1))
        #expect(outcome.elements?.failed == 8 && outcome.elements?.succeeded == 32)
        #expect(outcome.messages.contains("8 of 40 elements failed."))
    }

    @Test func numpysValuesBecomePlain() throws {
        let job = try TestJob(
            """
            class Array:
                def __init__(self, value): self.value = value
                def tolist(self): return self.value
            def f(x): return {"a": Array([1.5, x]), "b": Array(float("inf")) if x == 1 else None}
            """, JobManifest.Code.python)
        try job.map(["0", "1"])
        _ = try job.start().wait()
        #expect(
            try job.results() == [
                0: #"{"a":[1.5,0],"b":null}"#,
                1: "invalid: The result holds NaN or an infinity, which JSON does not have.",
            ])
    }

    @Test func sourceAndInitializationRunOnceAndWorkersAreForked() throws {
        let job = try TestJob(
            """
            import os
            print("loaded", __name__)
            state = os.getpid()
            """, JobManifest.Code.python)
        try job.map(
            (0..<8).map(String.init),
            function: "g.call",
            initialization: """
                print("initialized")
                class g:
                    def call(x): return [os.getppid() == state, os.environ["BATCHPORT_WORKERS"], os.environ["OMP_NUM_THREADS"]]
                """)
        job.manifest.vcpus = 3
        let ended = try job.end(of: job.start())
        #expect(ended.log == "loaded main\ninitialized\n")
        #expect(try Set(job.results().values) == [#"[true,"3","1"]"#])
    }

    @Test(
        arguments: [
            ("x = 1", "f", "NameError: The code defines no function f."),
            ("f = 1", "f", "TypeError: f is not a function."),
            ("def f(x):\n  return (", "f", "SyntaxError"), ("raise SystemExit(5)", "f", "SystemExit: 5"),
        ])
    func codeThatCannotBeLoaded(source: String, function: String, words: String) throws {
        let job = try TestJob(source, JobManifest.Code.python)
        try job.map(["1", "2"], function: function)
        let child = try job.start()
        #expect(child.wait() == .code(source.contains("5") ? 5 : 1))
        let outcome = try #require(try job.outcome(child: 0))
        #expect(outcome.messages.contains { $0.hasPrefix("The code could not be loaded: " + words) })
        // It is also why there are no results.
        guard case .missing(.failed, let detail) = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(detail.hasPrefix("The code could not be loaded: " + words))
        #expect(outcome.elements?.failed == 0)
        #expect(try job.results().isEmpty)
    }

    @Test func aKilledChildKeepsWhatItHadUploaded() throws {
        let job = try TestJob(
            """
            import os, time
            def f(x):
                if x == 3:
                    os.write(1, b"ready\\n")
                    time.sleep(1000)
                return x
            """, JobManifest.Code.python)
        try job.map((0..<5).map(String.init), workers: 1)
        let pipe = try Pipe()
        let child = try job.start(standardOutput: pipe.writing.number)
        let output = pipe.readingEnd()
        let line = try output.read(max: 6)
        try #require(line == Array("ready\n".utf8))
        let key = job.address.keys.results(of: 0, attempt: 1, part: 0)
        while try job.object(key) == nil { Clock.pause(milliseconds: 50) }
        child.signal(Signals.kill)
        _ = child.wait()
        #expect(try job.results() == [0: "0", 1: "1", 2: "2"])
    }

    @Test func aTerminatedChildUploadsWhatItHas() throws {
        let job = try TestJob(
            """
            import os, signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            def f(x):
                if x == 3:
                    os.write(1, b"ready\\n")
                    time.sleep(1000)
                open("output/%d" % x, "w").write("kept")
                return x
            """, JobManifest.Code.python)
        try job.map((0..<5).map(String.init), workers: 1)
        job.environment["BATCHPORT_STOP_SECONDS"] = "1"
        let pipe = try Pipe()
        let child = try job.start(standardOutput: pipe.writing.number)
        let output = pipe.readingEnd()
        let line = try output.read(max: 6)
        try #require(line == Array("ready\n".utf8))
        child.signal(Signals.terminate)
        #expect(child.wait() == .code(137))
        #expect(try job.results() == [0: "0", 1: "1", 2: "2"])
        let outcome = try #require(try job.outcome(child: 0))
        #expect(outcome.outputs.map(\.path) == ["0", "1", "2"])
        #expect(outcome.messages.contains { $0.hasPrefix("The code was killed") })
    }

    @Test func largeElementsAndManySmallOnesPass() throws {
        let job = try TestJob("def f(x): return len(x)", JobManifest.Code.python)
        let large = (0..<20).map { "\"" + String(repeating: "a", count: 10_000 * $0) + "\"" }
        try job.map(large + Array(repeating: "\"\"", count: 20_000), workers: 2)
        let child = try job.start()
        #expect(child.wait() == .code(0))
        let results = try job.results()
        #expect(results.count == 20_020)
        for n in 0..<20 { #expect(results[n] == String(10_000 * n)) }
        #expect(try job.outcome(child: 0)?.elements?.succeeded == 20_020)
    }
}

import AWS
import JSON
import JobManifest
import Processes
import TestSupport
import Testing

/// What a job's code meets and leaves.
@Suite struct CodeTests {
    @Test func pythonReadsItsInputsAndLeavesOutputsAndAResult() throws {
        let job = try TestJob(
            """
            import json, os, sys
            text = open("größe a.csv").read()
            os.makedirs("output/plots")
            open("output/copy.csv", "w").write(text)
            open("output/plots/a b+c%20d.svg", "w").write("<svg/>")
            open("output/empty", "w")
            json.dump({"length": len(text), "stdin": sys.stdin.read()}, open(os.environ["BATCHPORT_RESULT"], "w"))
            print("done", flush=False)
            """, JobManifest.Code.python)
        try job.addInput("größe a.csv", "a,b\n1,2\n")
        let ended = try job.run()
        let outcome = try #require(ended.outcome)
        #expect(ended.exit == .code(0))
        #expect(ended.log == "done\n")
        #expect(outcome.phase == .complete)
        #expect(outcome.exit == .code(0))
        #expect(outcome.messages.isEmpty)
        #expect(outcome.outputs.map(\.path) == ["copy.csv", "empty", "plots/a b+c%20d.svg"])
        #expect(outcome.outputs.map(\.contentType) == ["text/csv", "application/octet-stream", "image/svg+xml"])
        #expect(outcome.outputs.map(\.object.size) == [8, 0, 6])
        #expect(try job.output("copy.csv") == "a,b\n1,2\n")
        #expect(try job.head(outcome.outputs[2].object.key).contentType == "image/svg+xml")
        let result = try #require(try job.object(job.address.keys.result(attempt: 1)))
        #expect(try JSONValue.parse(result) == ["length": 8, "stdin": ""])
        #expect(
            outcome.result == .stored(.init(key: job.address.keys.result(attempt: 1), size: 26, sha256: digest(result)))
        )
    }

    @Test func theSampleDoesTheSameHereAsByHand() throws {
        let sample = try Repository.folder("deploy/samples/seattle-weather") + "/"
        let source = String(decoding: try File.read(sample + "analyse.py"), as: UTF8.self)
        let job = try TestJob(source, JobManifest.Code.python)
        let byHand = try TestFolder()
        for name in ["seattle-weather.csv", "events.csv"] {
            let bytes = try File.read(sample + name)
            try job.addInput(name, String(decoding: bytes, as: UTF8.self))
            try byHand.write(bytes, to: name)
        }
        var spawn = Spawn("/usr/bin/python3", [sample + "analyse.py"])
        spawn.workingDirectory = byHand.path
        spawn.standardOutput = .null
        #expect(try spawn.start().wait() == .code(0))
        let outcome = try #require(try job.run().outcome)
        #expect(outcome.outputs.map(\.path) == ["monthly.csv", "temperature.svg"])
        for output in outcome.outputs {
            #expect(try job.object(output.object.key) == byHand.read("output/" + output.path))
        }
        #expect(try job.object(job.address.keys.result(attempt: 1)) == byHand.read("result.json"))
    }

    @Test func usageIsMeasured() throws {
        let job = try TestJob(
            """
            import time
            held = bytearray(80 << 20)
            end = time.process_time() + 0.2
            while time.process_time() < end: pass
            """, JobManifest.Code.python)
        let outcome = try #require(try job.run().outcome)
        #expect(try #require(outcome.cpuMilliseconds) >= 200)
        #expect(try #require(outcome.elapsedMilliseconds) >= 200)
        #expect(try #require(outcome.peakMemoryKiB) >= 80 << 10)
        #expect(try #require(outcome.stoppedAt) > #require(outcome.startedAt))
    }

    @Test func shellThatExitsWith7KeepsItsOutputs() throws {
        let job = try TestJob("echo kept > output/a.txt; echo said; echo cried >&2; exit 7", JobManifest.Code.shell)
        let ended = try job.run()
        #expect(ended.exit == .code(7))
        #expect(ended.log == "said\ncried\n")
        #expect(ended.outcome?.exit == .code(7))
        #expect(ended.outcome?.phase == .complete)
        #expect(try job.output("a.txt") == "kept\n")
        #expect(
            ended.outcome?.result
                == .missing(.failed, detail: "The code ended with exit code 7 and wrote no result."))
    }

    @Test func commandIsFoundAlongPATHAndGetsItsArgumentsAsTheyAre() throws {
        let job = try TestJob { _ in .command(["printf", "<%s>", "a b", "", "$HOME", "größe"]) }
        let ended = try job.run()
        #expect(ended.exit == .code(0))
        #expect(ended.log == "<a b><><$HOME><größe>")
        #expect(ended.outcome?.result == .missing(.notWritten, detail: "The code wrote no result."))
    }

    @Test func variables() throws {
        let job = try TestJob("env > output/env; pwd; ls", JobManifest.Code.shell)
        job.environment.merge([
            "AWS_BATCH_JOB_ATTEMPT": "2", "BATCHPORT_BUNDLE": "/opt/x", "OPENSSL_CONF": "/opt/x/etc/openssl.cnf",
            "BATCHPORT_KEPT_LD_LIBRARY_PATH": "/usr/lib/image", "MODE": "container", "IMAGE": "yes",
        ]) { $1 }
        job.manifest.environment = ["MODE": "manifest", "MKL_NUM_THREADS": "1"]
        job.manifest.vcpus = 3
        let ended = try job.run()
        let lines = Set(try #require(try job.output("env", attempt: 2)).split(separator: "\n").map(String.init))
        let start = job.folder.file("start")
        #expect(
            lines.isSuperset(of: [
                "BATCHPORT_JOB=\(job.address.keys.job)", "BATCHPORT_ATTEMPT=2", "BATCHPORT_VCPUS=3",
                "BATCHPORT_OUTPUT=\(start)/output", "MODE=manifest", "IMAGE=yes", "OMP_NUM_THREADS=3",
                "MKL_NUM_THREADS=1", "LD_LIBRARY_PATH=/usr/lib/image", "AWS_REGION=us-east-1",
            ]))
        #expect(!lines.contains { $0.hasPrefix("BATCHPORT_BUNDLE") || $0.hasPrefix("BATCHPORT_KEPT") })
        #expect(!lines.contains { $0.hasPrefix("OPENSSL_CONF") || $0.hasPrefix("PYTHONUNBUFFERED") })
        #expect(ended.log == "\(start)\nmain.sh\noutput\n")
    }

    @Test func nothingOfTheRunnersIsOpen() throws {
        // The fourth is the folder that ls itself reads.
        let job = try TestJob("echo $(ls /proc/self/fd)", JobManifest.Code.shell)
        #expect(try job.run().log == "0 1 2 3\n")
    }

    @Test func aWorkingDirectoryThatIsNotEmptyIsLeftAlone() throws {
        let job = try TestJob("pwd; ls; echo x > output/x", JobManifest.Code.shell)
        let folder = job.folder
        try folder.write(Array("image's".utf8), to: "start/main.sh")
        let ended = try job.run()
        #expect(ended.exit == .code(0))
        #expect(ended.log.hasPrefix("\(folder.path)/batchport-"))
        #expect(ended.log.hasSuffix("/work\nmain.sh\noutput\n"))
        #expect(try folder.read("start/main.sh") == Array("image's".utf8))
        #expect(try job.output("x") == "x\n")
    }

    @Test(arguments: [
        (["no-such-program"], 127, "no-such-program"), (["./no-such"], 127, "no-such"),
        (["/etc/passwd"], 126, "/etc/passwd"),
        (["/etc"], 126, "/etc"),
    ])
    func aCommandThatCannotBeStarted(argv: [String], code: Int32, words: String) throws {
        let job = try TestJob { _ in .command(argv) }
        let ended = try job.run()
        let outcome = try #require(ended.outcome)
        #expect(ended.exit == .code(code))
        #expect(outcome.phase == .evaluate)
        #expect(outcome.exit == nil)
        #expect(outcome.startedAt == nil)
        #expect(outcome.messages.count == 1)
        #expect(ended.log == outcome.messages.map { "batchport-runner: \($0)\n" }.joined())
        #expect(outcome.messages[0].contains(words))
        #expect(outcome.result == .missing(.failed, detail: outcome.messages[0]))
    }
}

import Glibc
import JobManifest
import Processes
import TestSupport
import Testing

@Suite struct SignalTests {
    @Test(arguments: [(Signals.terminate, "SIGTERM"), (Signals.interrupt, "SIGINT")])
    func reachesTheCode(signal: Int32, name: String) throws {
        let job = try TestJob(
            """
            trap 'echo caught > output/caught; exit 3' TERM INT
            echo ready; while :; do sleep 1; done
            """, JobManifest.Code.shell)
        let ended = try interrupt(job, signal)
        #expect(ended.exit == .code(3))
        #expect(ended.outcome?.exit == .code(3))
        #expect(ended.outcome?.messages == ["\(name) was passed on to the code."])
        #expect(try job.output("caught") == "caught\n")
    }

    @Test func endsTheCode() throws {
        let job = try TestJob("echo kept > output/kept; echo ready; sleep 1000", JobManifest.Code.shell)
        let ended = try interrupt(job, Signals.terminate)
        #expect(ended.exit == .code(143))
        #expect(ended.outcome?.exit == .signal(15))
        #expect(try job.output("kept") == "kept\n")
    }

    @Test func codeThatWillNotStopIsKilledInTimeForItsOutputs() throws {
        let job = try TestJob(
            "trap '' TERM; echo kept > output/kept; echo ready; while :; do sleep 1; done", JobManifest.Code.shell)
        job.environment["BATCHPORT_STOP_SECONDS"] = "1"
        let ended = try interrupt(job, Signals.terminate)
        #expect(ended.exit == .code(137))
        #expect(ended.outcome?.exit == .signal(9))
        #expect(ended.outcome?.phase == .complete)
        #expect(ended.outcome?.messages.contains { $0.hasPrefix("The code was killed") } == true)
        #expect(try job.output("kept") == "kept\n")
    }

    @Test func beforeTheCodeStartsItIsNotStarted() throws {
        let job = try TestJob("echo started > output/started", JobManifest.Code.shell)
        let asked = job.folder.file("asked")
        try #require(unsafe mkfifo(asked, 0o600) == 0)
        let server = try PythonServer.credentials(log: asked, status: 503)
        job.environment["AWS_ACCESS_KEY_ID"] = nil
        job.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url + "/role/60"
        let child = try job.start()
        let pipe = try Descriptor.reading(asked)
        let hasAsked = pipe.isReadable(milliseconds: 60_000)
        try #require(hasAsked)
        child.signal(Signals.terminate)
        let ended = try job.end(of: child)
        #expect(ended.exit == .code(143))
        #expect(ended.log.hasPrefix("batchport-runner: SIGTERM came before the code was started"))
        #expect(try job.output("started") == nil)
    }

    @Test func whatTheCodeLeavesRunningIsEnded() throws {
        let job = try TestJob(
            """
            (trap '' TERM; while :; do sleep 1; done) & echo $! > output/one
            setsid sleep 1000 & echo $! > output/two
            """, JobManifest.Code.shell)
        let ended = try job.run()
        #expect(ended.exit == .code(0))
        #expect(ended.outcome?.messages.first?.contains("processes had not: they were killed") == true)
        for file in ["one", "two"] {
            let written = try #require(try job.output(file))
            let pid = try #require(Int32(written.dropLast()))
            #expect(!File.exists("/proc/\(pid)"))
        }
    }

    /// Sends the signal once the code has said that it is ready.
    private func interrupt(_ job: TestJob, _ signal: Int32) throws -> TestJob.Ended {
        let pipe = try Pipe()
        let child = try job.start(standardOutput: pipe.writing.number)
        try #require(try pipe.reading.read(max: 6) == Array("ready\n".utf8))
        child.signal(signal)
        return try job.end(of: child)
    }
}

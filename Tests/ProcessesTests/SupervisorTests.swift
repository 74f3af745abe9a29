import Glibc
import Processes
import TestSupport
import Testing

/// A supervisor in a process of its own; what it does for a FastCGI server is tested with that.
struct SupervisorTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    /// Of one shell, which may write into the file "lines".
    private func supervise(_ script: String, grace: Int = 60_000) throws -> Child {
        var spawn = Spawn(try BuiltProgram.path("TestResponder"), ["keep", "\(grace)", "/bin/sh", "-c", script])
        spawn.environment = ["PATH": "/usr/bin:/bin"]
        spawn.standardError = .append(folder.file("report"))
        spawn.workingDirectory = folder.path
        return try spawn.start()
    }

    private var lines: [String] {
        String(decoding: (try? folder.read("lines")) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func whatMayNotOverlapEndsBeforeTheNextStarts() throws {
        let supervisor = try supervise(
            "trap 'echo end >> lines; exit' TERM; echo start >> lines; while :; do sleep 1 & wait; done")
        #expect(eventually { lines == ["start"] })
        supervisor.signal(Signals.hangup)
        #expect(eventually { lines == ["start", "end", "start"] })
        supervisor.signal(Signals.terminate)
        #expect(supervisor.wait() == .code(0))
        #expect(lines == ["start", "end", "start", "end"])
    }

    @Test func whoeverDoesNotStopIsKilledAfterTheGrace() throws {
        let supervisor = try supervise("trap '' TERM; echo $$ >> lines; while :; do sleep 1; done", grace: 50)
        #expect(eventually { lines.count == 1 })
        supervisor.signal(Signals.terminate)
        #expect(supervisor.wait() == .code(0))
        #expect(lines.count == 1)
    }

    @Test func whatEndsIsStartedAgainAndReported() throws {
        let supervisor = try supervise("echo x >> lines; [ -e calm ] || exit 3; while :; do sleep 1 & wait; done")
        #expect(eventually { lines.count >= 2 })
        try folder.write([], to: "calm")
        #expect(eventually { lines.count >= 3 })
        supervisor.signal(Signals.interrupt)
        #expect(supervisor.wait() == .code(0))
        #expect(String(decoding: try folder.read("report"), as: UTF8.self).contains("ended with code(3)"))
    }

    @Test func aProgramThatIsNotThereEndsIt() throws {
        let child = try Spawn(try BuiltProgram.path("TestResponder"), ["keep", "100", "/nowhere/program"]).start()
        #expect(child.wait() != .code(0))
    }
}

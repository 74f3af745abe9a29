import Glibc
import Processes
import TestSupport
import Testing

struct SpawnTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func run(_ script: String, _ change: (inout Spawn) -> Void = { _ in }) throws -> (
        exit: Exit, output: String
    ) {
        var spawn = Spawn("/bin/sh", ["-c", script])
        spawn.standardOutput = .append(folder.file("out"))
        change(&spawn)
        let exit = try spawn.start().wait()
        return (exit, String(decoding: (try? folder.read("out")) ?? [], as: UTF8.self))
    }

    @Test func exactlyThisEnvironment() throws {
        let output = try run("/usr/bin/env") { $0.environment = ["A": "1=2", "B": ""] }.output
        let lines = Set(output.split(separator: "\n").map(String.init)).filter {
            !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=")
        }
        #expect(lines.isSuperset(of: ["A=1=2", "B="]))
        #expect(!output.contains("HOME="))
    }

    @Test func argumentsAreNotParsed() throws {
        var spawn = Spawn("/bin/echo", ["-n", "a b", "$HOME", "", "'\"*"])
        spawn.standardOutput = .append(folder.file("out"))
        #expect(try spawn.start().wait() == .code(0))
        #expect(String(decoding: try folder.read("out"), as: UTF8.self) == "a b $HOME  '\"*")
    }

    @Test func placeAndStreams() throws {
        let (exit, output) = try run("pwd; cat; echo error >&2") {
            $0.workingDirectory = "/usr"
            $0.standardError = .append(folder.file("error"))
        }
        #expect(exit == .code(0))
        #expect(output == "/usr\n")
        #expect(String(decoding: try folder.read("error"), as: UTF8.self) == "error\n")
    }

    @Test func endsAndTheirStatus() throws {
        #expect(try run("exit 7").exit == .code(7))
        let killed = try run("kill -9 $$").exit
        #expect(killed == .signal(SIGKILL))
        #expect(killed.status == 137)
        #expect(throws: ProcessError.self) { try Spawn("/nowhere/program").start() }
        #expect(throws: ProcessError.self) { try Spawn("/etc/passwd").start() }
    }

    @Test func childrenStartWithCleanSignals() throws {
        Signals.ignorePipe()
        // No shell between: dash blocks signals while it waits.
        var spawn = Spawn("/bin/grep", ["-E", "Sig(Blk|Ign).*[^0\t]$", "/proc/self/status"])
        spawn.standardOutput = .append(folder.file("out"))
        #expect(try spawn.start().wait() == .code(1))
    }

    @Test func aGroupIsReachedAsAWhole() throws {
        var spawn = Spawn("/bin/sh", ["-c", "sleep 600 & echo $! > \(folder.file("pid")); wait"])
        spawn.newProcessGroup = true
        spawn.environment = ["PATH": "/usr/bin:/bin"]
        let child = try spawn.start()
        #expect(eventually { (try? folder.read("pid"))?.isEmpty == false })
        child.signal(Signals.terminate, group: true)
        #expect(child.wait() == .signal(SIGTERM))
        let pid = String(decoding: try folder.read("pid"), as: UTF8.self).trimmed
        #expect(eventually { Self.hasEnded(pid) })
    }

    private static func hasEnded(_ pid: String) -> Bool {
        guard let bytes = try? File.read("/proc/\(pid)/stat") else { return true }
        return String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z") == true
    }

    @Test func usage() throws {
        let child = try Spawn("/bin/sh", ["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]).start()
        let (exit, usage) = child.waitWithUsage()
        #expect(exit == .code(0))
        #expect(usage.peakResidentKiB > 100)
        #expect(usage.cpuMilliseconds >= 0)
    }
}

extension String {
    fileprivate var trimmed: String { filter { !$0.isWhitespace } }
}

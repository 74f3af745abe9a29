import FoundationEssentials
import Glibc
import JSON
import LocalRegion
import PostgreSQL
import Processes
import TestSupport
import Testing

/// What a job must not do, tried by a job that really tries.
struct IsolationTests {
    private let house: ExecutorFixture

    init() throws {
        house = try ExecutorFixture()
        try house.start()
    }

    /// A process outside, listening on a port and on an abstract socket, which SIGTERM and SIGUSR1 would end.
    private func startBystander() throws -> (child: Child, port: Int) {
        let code = """
            import os, socket, sys, time
            port = socket.create_server(("127.0.0.1", 0)); hidden = socket.socket(socket.AF_UNIX)
            hidden.bind("\\0batchport-test-%d" % os.getpid()); hidden.listen()
            print(port.getsockname()[1], flush=True); time.sleep(600)
            """
        let output = try Pipe()
        var spawn = Spawn("/usr/bin/python3", ["-c", code])
        spawn.standardOutput = .descriptor(output.writing.number)
        let child = try spawn.start()
        let text = String(decoding: try output.reading.read(max: 16), as: UTF8.self)
        return (child, try #require(Int(text.prefix { $0.isNumber })))
    }

    private typealias Attempts = [(name: String, code: String)]

    /// A program that tries each thing and prints the names of those that worked.
    private func program(_ attempts: Attempts) -> String {
        let list = attempts.map { "(\(JSONValue.string($0.name).text), lambda: \($0.code))" }.joined(separator: ",\n")
        return """
            import os, socket, subprocess, ctypes, glob
            def unix(path):
                s = socket.socket(socket.AF_UNIX); s.connect(path); return True
            def tcp(host, port): return bool(socket.create_connection((host, port), 2))
            def run(*words): return subprocess.run(words, capture_output=True).returncode == 0
            def read(path): return open(path, "rb").read(1) is not None
            def write(path): return open(path, "wb").write(b"x") > 0
            def status(): return open("/proc/self/status").read()
            for name, attempt in [
            \(list)
            ]:
                try:
                    if attempt(): print(name)
                except Exception: pass
            print("tried")
            """
    }

    private func inside(_ attempts: Attempts) throws -> [String] {
        let (job, log) = try house.python(program(attempts))
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(log.last == "tried")
        return log.dropLast()
    }

    /// The control: the same, tried without a sandbox.
    private func outside(_ attempts: Attempts) throws -> [String] {
        var spawn = Spawn("/usr/bin/python3", ["-c", program(attempts)], environment: ["PATH": "/usr/bin:/bin"])
        spawn.standardOutput = .append(house.folder.file("outside"))
        #expect(try spawn.start().wait() == .code(0))
        let text = String(decoding: try house.folder.read("outside"), as: UTF8.self)
        return text.split(separator: "\n").map(String.init).dropLast()
    }

    @Test func filesSocketsAndKeys() throws {
        try house.folder.write([1], to: "canary")
        let folder = house.folder.path
        let database = house.region.database.conninfo(.local).split(separator: " ")
            .first { $0.hasPrefix("host=") }.map { $0.dropFirst(5) }
        let harmless: Attempts = [
            ("canary", "read('\(folder)/canary')"), ("state folder", "os.listdir('\(folder)')"),
            ("jobs' folders", "os.listdir('\(house.configuration.state)') and True"),
            ("front by its own path", "unix('\(house.nginx.socket)')"),
            ("database socket", "unix('\(try #require(database))/.s.PGSQL.5432')"),
            ("var", "os.listdir('/var') != ['tmp']"), ("others' work", "os.listdir('/tmp')"),
            ("keys", "os.path.exists('/etc/ssl/private')"), ("system files", "os.listdir('/sys')"),
            ("machine's own etc", "read('/etc/debian_version')"),
            ("run", "set(os.listdir('/run')) - {'batchport'}"),
        ]
        #expect(try outside(harmless) == harmless.map(\.name))
        let worked = try inside(
            [("own folder", "write('/work/x') and read('/work/x')"), ("programs", "read('/usr/bin/env')")] + harmless
                + [
                    ("run's content", "sorted(os.listdir('/run/batchport')) != ['init', 'region.sock']"),
                    ("home", "os.listdir('/root')"), ("homes", "os.listdir('/home')"),
                    ("shadow", "read('/etc/shadow')"),
                    ("own init's environment", "read('/proc/1/environ')"), ("own init's memory", "read('/proc/1/mem')"),
                    ("own init's descriptors", "os.listdir('/proc/1/fd')"), ("write programs", "write('/usr/bin/x')"),
                    ("write made files", "write('/etc/passwd')"), ("write the root", "write('/x')"),
                    ("write devices", "write('/dev/x')"), ("write init", "write('/run/batchport/init')"),
                    ("descriptors", "set(os.listdir('/proc/self/fd')) - set('0123')"),
                ])
        #expect(worked == ["own folder", "programs"])
    }

    @Test func theNetworkAndOtherProcesses() throws {
        let bystander = try startBystander()
        defer {
            bystander.child.signal(Signals.kill)
            _ = bystander.child.wait()
        }
        let pid = bystander.child.pid
        let harmless: Attempts = [
            ("a port outside", "tcp('127.0.0.1', \(bystander.port))"),
            ("an abstract socket outside", "unix('\\0batchport-test-\(pid)')"),
            ("to see a process outside", "os.path.exists('/proc/\(pid)')"),
            ("to reach a process outside", "os.kill(\(pid), 0) is None"),
        ]
        #expect(try outside(harmless) == harmless.map(\.name))
        let worked = try inside(
            [("the region", "tcp('127.0.0.2', 28080)"), ("own credentials", "tcp('127.0.0.1', 51679)")] + harmless + [
                ("a port outside, other address", "tcp('127.0.0.2', \(bystander.port))"),
                ("the portal", "tcp('127.0.0.1', 28080)"), ("the internet", "tcp('1.1.1.1', 443)"),
                ("names", "socket.gethostbyname('example.com')"), ("metadata", "tcp('169.254.169.254', 80)"),
                ("an interface", "set(os.listdir('/proc/sys/net/ipv4/conf')) - {'all', 'default', 'lo'}"),
                ("to signal a process outside", "os.kill(\(pid), 10) is None"),
                ("to signal everything", "os.kill(-1, 0) is None and len(glob.glob('/proc/[0-9]*')) > 3"),
                ("to trace its own init", "ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0"),
                ("more namespaces", "run('unshare', '-Ur', 'true')"),
                ("to mount", "run('mount', '-t', 'tmpfs', 'x', '/tmp')"), ("to be root", "os.setuid(0) is None"),
                ("capabilities", "'CapEff:\\t0000000000000000' not in status()"),
                ("new privileges", "'NoNewPrivs:\\t1' not in status()"),
                // Last: were it to work, nothing after it would be tried, and the job would not succeed.
                ("to end its own init", "run('kill', '-9', '1') and False"),
            ])
        #expect(worked == ["the region", "own credentials"])
        #expect(bystander.child.check() == nil)
    }

    /// The job's environment reaches no program outside: bubblewrap's loader would complain as well.
    @Test func theEnvironmentStaysInside() throws {
        let (_, log) = try house.run(
            [],
            [
                "containerOverrides": [
                    "command": ["true"], "environment": [["name": "LD_PRELOAD", "value": "/work/none.so"]],
                ]
            ])
        #expect(log.count == 1)
        #expect(log.first?.contains("/work/none.so") == true)
    }

    @Test func cleaningUpFollowsNoLinks() throws {
        try house.folder.write([1], to: "canary")
        let (job, _) = try house.run(
            [
                "sh", "-c",
                "ln -s \(house.folder.path) /work/out; mkdir -p /work/a/b /tmp/c; touch /work/a/b/c; chmod 0 /work/a/b /work/a /tmp/c",
            ])
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(File.exists(house.folder.file("canary")))
        #expect(try Folder.entries(house.configuration.state + "/jobs").isEmpty)
    }
}

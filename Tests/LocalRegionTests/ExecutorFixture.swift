import FoundationEssentials
import Glibc
import JSON
import LocalRegion
import PostgreSQL
import Processes
import TestSupport
import Testing

/// A local region with an executor that runs real jobs in real sandboxes, behind a real nginx as the region's front.
/// Under root the jobs belong to a user of their own.
final class ExecutorFixture {
    let region: BatchFixture
    /// The executor's state, with a canary beside it that no job may see.
    let folder: TestFolder
    let nginx: NginxFront
    var configuration: LocalExecutor.Configuration
    private var executor: LocalExecutor?
    private var thread: Processes.Thread?
    private static let jobUser: UInt32 = 65_501

    init(cores: Int = 4, memoryMiB: Int = 4096) throws {
        region = try BatchFixture()
        folder = try TestFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder.path)
        nginx = try NginxFront(folder)
        configuration = LocalExecutor.Configuration(
            database: region.database.conninfo(.local), state: folder.file("state"),
            initProgram: try SandboxProgram.path.get(), endpoint: "http://127.0.0.2:28080",
            relaySocket: nginx.socket)
        configuration.cores = cores
        configuration.memoryMiB = memoryMiB
        configuration.user = geteuid() == 0 ? Self.jobUser : nil
    }

    deinit { stop() }

    func start() throws {
        let executor = LocalExecutor(configuration)
        self.executor = executor
        thread = try Processes.Thread.start(name: "executor") {
            do { try executor.run() } catch { Issue.record(error) }
        }
    }

    func stop() {
        executor?.stop()
        thread?.join()
        executor = nil
        thread = nil
    }

    /// The job once `isReached`; told by the executor's own hints, asked at least four times a second, for half a minute.
    func wait(_ id: String, until isReached: (JSONValue) throws -> Bool) throws -> JSONValue {
        var listener = try region.connect()
        try listener.listen("local_jobs")
        let deadline = Clock.monotonicMilliseconds() + 30_000
        while true {
            let job = try region.describe(id)
            if try isReached(job) { return job }
            try #require(Clock.monotonicMilliseconds() < deadline, "still \(job["status"]?.string ?? "absent")")
            _ = try listener.waitForNotification(milliseconds: 100)
        }
    }

    func finish(_ id: String) throws -> JSONValue {
        try wait(id) { ["SUCCEEDED", "FAILED"].contains($0["status"]?.string) }
    }

    /// Waits for a line of the running job's log.
    func waitForLine(_ line: String, of id: String) throws -> JSONValue {
        try wait(id) { job in try self.log(job).contains(line) }
    }

    func log(_ job: JSONValue) throws -> [String] {
        guard let stream = job["container"]?["logStreamName"]?.string else { return [] }
        return try region.log(stream)
    }

    /// Runs one job to its end; answers it and its log.
    func run(
        _ command: [String], memoryMiB: Int? = nil, _ more: [String: JSONValue] = [:]
    ) throws -> (job: JSONValue, log: [String]) {
        let job = try finish(region.submit(command, memoryMiB: memoryMiB, more))
        return (job, try log(job))
    }

    func python(_ code: String, memoryMiB: Int? = nil, _ more: [String: JSONValue] = [:]) throws -> (
        job: JSONValue, log: [String]
    ) {
        try run(["python3", "-u", "-c", code], memoryMiB: memoryMiB, more)
    }
}

/// `deploy/local/init.c`, compiled once for all tests.
enum SandboxProgram {
    static let path = Result { try compile() }
    private static let folder = Result { try TestFolder() }

    private static func compile() throws -> String {
        let folder = try folder.get()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        let program = folder.file("batchport-init")
        let source = try Repository.folder("deploy/local") + "/init.c"
        let flags = ["-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lpthread"]
        let exit = try Spawn("/usr/bin/gcc", flags, environment: ["PATH": "/usr/bin:/bin"]).start().wait()
        guard exit == .code(0) else { throw FixtureError(description: "gcc ended with \(exit)") }
        return program
    }
}

/// nginx on a UNIX socket, as the region's front towards jobs; serves the folder `public`.
final class NginxFront {
    let socket: String
    private let child: Child

    init(_ folder: TestFolder) throws {
        socket = folder.file("front.sock")
        let files = folder.file("public")
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: files)
        let text = """
            daemon off; worker_processes 1; pid \(folder.file("nginx.pid")); error_log stderr crit;
            events { worker_connections 512; }
            http {
                access_log off; client_body_temp_path \(folder.file("body")); proxy_temp_path \(folder.file("proxy"));
                fastcgi_temp_path \(folder.file("fastcgi")); uwsgi_temp_path \(folder.file("uwsgi"));
                scgi_temp_path \(folder.file("scgi"));
                server { listen unix:\(socket); root \(files); }
            }
            """
        try folder.write(Array(text.utf8), to: "nginx.conf")
        var spawn = Spawn("/usr/sbin/nginx", ["-c", folder.file("nginx.conf"), "-e", "stderr"])
        spawn.standardError = .append(folder.file("nginx.log"))
        child = try spawn.start()
        let deadline = Clock.monotonicMilliseconds() + 10_000
        while !File.exists(socket) {
            guard child.check() == nil, Clock.monotonicMilliseconds() < deadline else {
                throw FixtureError(description: "nginx did not start")
            }
            Clock.pause(milliseconds: 5)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: socket)
    }

    deinit {
        child.signal(Signals.terminate)
        _ = child.wait()
    }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
}

internal import FastCGI
internal import Glibc
internal import LocalRegion
package import Processes
package import TestSupport

/// The local region's front, with a database and a state folder of its own, behind a real nginx with the site file that
/// everyone uses: in this process, or as the program itself.
package final class RegionUnderTest: Sendable {
    package let database: TestDatabase
    package let folder: TestFolder
    package let endpoint: String
    /// Over TLS, by a certificate of the authority in `tls/ca.pem`.
    package let secureEndpoint: String
    let server: LocalServer
    private let listening: Int32
    private let nginx: Int32

    private init(port: UInt16) throws {
        Signals.ignorePipe()
        database = try TestDatabase.create(series: .local)
        folder = try TestFolder()
        endpoint = "http://127.0.0.1:\(port)"
        secureEndpoint = "https://127.0.0.3:\(port)"
        server = LocalServer(database: database.conninfo(.local), state: folder.path, endpoint: endpoint)
        listening = try listenUNIX(path: folder.file("region"), mode: 0o600)
        nginx = try Self.startNginx(folder, port)
    }

    deinit {
        kill(nginx, SIGTERM)
        close(listening)
    }

    /// In this process, until the process ends.
    package convenience init() throws {
        try self.init(port: try Self.freePort())
        try FirstStart.prepare(server)
        let accepting = fcntl(listening, F_DUPFD_CLOEXEC, 0)
        let server = server
        let (stop, held) = try Pipe().release()
        let (reading, writing) = try Pipe().release()
        _ = try Thread.start(name: "region") {
            do {
                try server.run(listening: accepting, stop: stop) { close(writing) }
            } catch {
                fatalError("\(error)")
            }
            close(held)
        }
        // A test that ends at once must not take the database from under its start.
        _ = try Descriptor(reading).read(max: 1)
    }

    /// Nobody answers until `startProgram`.
    package static func withoutProgram() throws -> RegionUnderTest { try RegionUnderTest(port: try freePort()) }

    /// One process of `batchport local --serve`, ready. With `diskMiB`, its state folder is a file system of that size.
    package func startProgram(diskMiB: Int? = nil) throws -> Child {
        let call = [Self.program, "local", "--serve", "--settings", try writeSettings()]
        let mount = "mount -t tmpfs -o size=\(diskMiB ?? 0)m none \(folder.file("state")) && exec \"$@\""
        // Root in a user namespace is nobody to the folders of other users, such as PostgreSQL's.
        let mayMount = getuid() == 0 ? [] : ["--user", "--map-root-user"]
        var spawn =
            diskMiB == nil
            ? Spawn(Self.program, Array(call.dropFirst()))
            : Spawn("/usr/bin/unshare", mayMount + ["--mount", "sh", "-c", mount, "sh"] + call)
        spawn.environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
        spawn.standardInput = .descriptor(listening)
        spawn.standardError = .append(folder.file("program.log"))
        // It closes descriptor 3 once it is ready.
        let (reading, writing) = try Pipe().release()
        let ready = Descriptor(reading)
        let child: Child
        do {
            let theirs = Descriptor(writing)
            spawn.descriptors = [3: theirs.number]
            child = try spawn.start()
        }
        _ = try ready.read(max: 1)
        return child
    }

    /// `batchport`, built beside the tests.
    package static var program: String {
        "/" + CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/") + "/batchport"
    }

    /// Answers the file.
    package func writeSettings() throws -> String {
        let state = folder.file("state")
        if !File.exists(state) { try Folder.create(state, mode: 0o700) }
        let settings = """
            local.database = \(database.conninfo(.local))
            local.socket = \(folder.file("unused"))
            local.state = \(state)
            local.endpoint = \(endpoint)
            local.init = /bin/false
            local.relay_socket = \(folder.file("unused"))
            """
        try folder.write(Array(settings.utf8), to: "local.conf")
        return folder.file("local.conf")
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> UInt16 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(number, pointer, length) == 0 && getsockname(number, pointer, &length) == 0
            }
        }
        guard found else { throw ProcessError("bind", "127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Answers its pid. In the background, so that the program that we start ends when nginx listens.
    private static func startNginx(_ folder: TestFolder, _ port: UInt16) throws -> Int32 {
        let site = try Repository.folder("nginx/local-region.conf")
        let parts = [
            "batchport/local-listen.conf": "listen 127.0.0.1:\(port);",
            "batchport/local-tls.conf": """
            listen 127.0.0.3:\(port) ssl;
            ssl_certificate \(folder.file("tls/server.pem"));
            ssl_certificate_key \(folder.file("tls/server.key"));
            """,
            "batchport/local-upstream.conf": "upstream batchport_local { server unix:\(folder.file("region")); }",
            "nginx.conf": configuration(folder, site),
        ]
        for name in ["batchport", "tls"] { try Folder.create(folder.file(name), mode: 0o700) }
        let made = try Spawn(try Repository.folder("deploy/lib/certificate"), [folder.file("tls")]).start().wait()
        guard made == .code(0) else { throw ProcessError("make", "certificate") }
        for (name, text) in parts { try folder.write(Array(text.utf8), to: name) }
        let log = folder.file("nginx.log")
        let start = Spawn("/usr/sbin/nginx", ["-e", log, "-p", folder.path, "-c", folder.file("nginx.conf")])
        let ended = try start.start().wait()
        let pid = try? folder.read("nginx.pid")
        guard ended == .code(0), let pid = pid.flatMap({ Int32(String(decoding: $0.dropLast(), as: UTF8.self)) }) else {
            let said = (try? folder.read("nginx.log")).map { String(decoding: $0, as: UTF8.self) }
            throw ProcessError("start", "nginx: \(said ?? "it wrote nothing")")
        }
        return pid
    }

    private static func configuration(_ folder: TestFolder, _ site: String) -> String {
        let kinds = ["client_body", "fastcgi", "proxy", "uwsgi", "scgi"]
        let temporary = kinds.map { "\($0)_temp_path \(folder.file($0));" }.joined(separator: "\n")
        // Started by root, workers would otherwise be nobody, who may not enter the folder.
        let user = getuid() == 0 ? "user root;" : ""
        return """
            \(user)
            worker_processes 1;
            pid \(folder.file("nginx.pid"));
            events { worker_connections 512; }
            http {
                access_log off;
                \(temporary)
                include \(site);
            }
            """
    }
}

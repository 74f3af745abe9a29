internal import FastCGI
internal import Glibc
internal import LocalRegion
internal import Processes
package import TestSupport

/// The local region's front in this process, with a database and a state folder of its own, behind a real nginx with
/// the site file that everyone uses.
package final class RegionUnderTest: Sendable {
    package let database: TestDatabase
    package let folder: TestFolder
    package let endpoint: String
    let server: LocalServer
    private let stop: Int32
    private let stopped: Int32
    private let nginx: Int32

    /// `state` is the region's folder if it is not to lie in the test's own.
    package init(state: String? = nil) throws {
        Signals.ignorePipe()
        database = try TestDatabase.create(series: .local)
        folder = try TestFolder()
        let port = try Self.freePort()
        endpoint = "http://127.0.0.1:\(port)"
        let pipe = try Pipe()
        stop = dup(pipe.writing.number)
        stopped = dup(pipe.reading.number)
        let listening = try listenUNIX(path: folder.file("region"), mode: 0o600)
        server = LocalServer(
            database: database.conninfo(.local), state: state ?? folder.path, endpoint: endpoint)
        try FirstStart.prepare(server)
        let (server, reading) = (server, stopped)
        _ = try Thread.start(name: "region") {
            do { try server.run(listening: listening, stop: reading) } catch { fatalError("\(error)") }
            close(listening)
        }
        nginx = try Self.startNginx(folder, port)
    }

    deinit {
        kill(nginx, SIGTERM)
        close(stop)
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
            "batchport/local-upstream.conf": "upstream batchport_local { server unix:\(folder.file("region")); }",
            "nginx.conf": configuration(folder, site),
        ]
        _ = unsafe mkdir(folder.file("batchport"), 0o700)
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

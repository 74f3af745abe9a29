import Glibc
import Processes
import TestSupport

/// A real nginx in front of a supervised TestResponder, both with sockets in a folder of their own.
final class Site {
    let folder: TestFolder
    let supervisor: Child
    private let nginx: Child
    private var isStopped = false

    var client: Client { Client(socket: folder.file("http")) }
    var report: [String] {
        let bytes = (try? folder.read("report")) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    init(processes: Int = 1, environment: [String: String] = [:], folder: TestFolder? = nil) throws {
        let folder = try folder ?? TestFolder()
        self.folder = folder
        var settings = environment
        settings["TEST_REPORT"] = folder.file("report")
        var responder = Spawn(
            try BuiltProgram.path("TestResponder"), ["supervise", "\(processes)", folder.file("fastcgi")],
            environment: settings)
        responder.standardError = .append(folder.file("stderr"))
        supervisor = try responder.start()
        try folder.write(Array(Self.configuration(folder.path).utf8), to: "nginx.conf")
        var server = Spawn("/usr/sbin/nginx", ["-p", folder.path, "-c", folder.file("nginx.conf"), "-e", "stderr"])
        server.standardError = .append(folder.file("nginx.log"))
        nginx = try server.start()
        guard eventually({ (try? client.get("/pid"))?.status == 200 || environment["TEST_READY"] != nil }) else {
            throw Failure(log: folder)
        }
    }

    deinit {
        nginx.signal(Signals.terminate)
        _ = nginx.wait()
        if !isStopped {
            supervisor.signal(Signals.terminate)
            _ = supervisor.wait()
        }
    }

    func waitForSupervisor() -> Exit {
        isStopped = true
        return supervisor.wait()
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(log folder: TestFolder) {
            let logs = ["stderr", "nginx.log"].map { String(decoding: (try? folder.read($0)) ?? [], as: UTF8.self) }
            description = "the site did not start: \(logs)"
        }
    }

    private static func configuration(_ folder: String) -> String {
        """
        daemon off; master_process off; worker_processes 1; pid \(folder)/nginx.pid; error_log stderr error;
        events { worker_connections 256; }
        http {
            access_log off; client_body_temp_path \(folder)/body; fastcgi_temp_path \(folder)/fastcgi_temp;
            proxy_temp_path \(folder)/p; uwsgi_temp_path \(folder)/u; scgi_temp_path \(folder)/s;
            client_header_buffer_size 96k; large_client_header_buffers 8 96k; client_max_body_size 0;
            merge_slashes off; underscores_in_headers on;
            server {
                listen unix:\(folder)/http;
                location / {
                    fastcgi_param REQUEST_METHOD $request_method; fastcgi_param REQUEST_URI $request_uri;
                    fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
                    fastcgi_param REMOTE_ADDR 192.0.2.7; fastcgi_param REQUEST_SCHEME https;
                    fastcgi_param SCRIPT_FILENAME /etc/passwd; fastcgi_param PATH_INFO /elsewhere;
                    fastcgi_pass unix:\(folder)/fastcgi;
                    fastcgi_request_buffering off; fastcgi_max_temp_file_size 0; fastcgi_next_upstream off;
                }
                location /kept { fastcgi_keep_conn on; fastcgi_pass unix:\(folder)/fastcgi;
                    fastcgi_param REQUEST_METHOD $request_method; fastcgi_param REQUEST_URI $request_uri; }
            }
        }
        """
    }
}

import FoundationEssentials
import Processes

/// A server in Python that prints its URL, and goes when this process does: its standard input ends then.
final class PythonServer: Sendable {
    let url: String
    private let input: Pipe
    private let child: Child

    /// The script's last act is to call `serve()`, defined here.
    init(_ script: String, _ arguments: [String] = []) throws {
        input = try Pipe()
        let output = try Pipe()
        var spawn = Spawn("/usr/bin/env", ["python3", "-c", Self.prelude + script] + arguments)
        spawn.environment = ProcessInfo.processInfo.environment
        spawn.standardInput = .descriptor(input.reading.number)
        spawn.standardOutput = .descriptor(output.writing.number)
        spawn.standardError = .null
        child = try spawn.start()
        url = try Self.firstLine(output.reading)
    }

    deinit {
        child.signal(Signals.kill)
        _ = child.wait()
    }

    private static func firstLine(_ output: borrowing Descriptor) throws -> String {
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            guard output.isReadable(milliseconds: 60_000) else { throw ServerDidNotStart() }
            line += try output.read(max: 1)
        }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    struct ServerDidNotStart: Error {}

    private static let prelude = """
        import os, sys, threading

        def serve(port):
            print("http://127.0.0.1:%d" % port, flush=True)
            sys.stdin.read()
            os._exit(0)

        """
}

extension PythonServer {
    /// moto: an S3 that is not ours. One for all tests; `BATCHPORT_TEST_MOTO` names one that runs already.
    static func moto() throws -> PythonServer {
        try PythonServer(
            """
            from moto.server import ThreadedMotoServer
            server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            server.start()
            serve(server.get_host_and_port()[1])
            """)
    }

    /// The credentials endpoint of a container, answering each request with `status` and, below it, the path's last
    /// part as seconds until the credentials expire. Its log, a line a request, is the file `log`.
    static func credentials(log: String, status: Int = 200) throws -> PythonServer {
        try PythonServer(
            """
            import datetime, http.server, json
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    with open(sys.argv[1], "a") as log:
                        log.write("%s %s\\n" % (self.path, self.headers["Authorization"]))
                    left = datetime.timedelta(seconds=int(self.path.split("/")[-1]))
                    expires = (datetime.datetime.now(datetime.timezone.utc) + left).strftime("%Y-%m-%dT%H:%M:%SZ")
                    body = json.dumps({"AccessKeyId": "ASIATEST", "SecretAccessKey": "secret", "Token": "token",
                                       "Expiration": expires}).encode()
                    self.send_response(int(sys.argv[2]))
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *arguments):
                    pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            serve(server.server_address[1])
            """, [log, String(status)])
    }
}

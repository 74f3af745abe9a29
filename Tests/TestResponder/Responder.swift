import FastCGI
import Glibc
import HTTP
import Processes

/// Answers as the test asks, and writes what else happened into the file that TEST_REPORT names.
enum Responder {
    static let environment: [String: String] = {
        var found: [String: String] = [:]
        for name in ["TEST_REPORT", "TEST_READY", "TEST_START"] {
            if let value = unsafe getenv(name) { found[name] = unsafe String(cString: value) }
        }
        return found
    }()

    /// With TEST_READY set there is no state until that file exists.
    struct State: ~Copyable {
        var answered = 0

        init() throws {
            if let path = Responder.environment["TEST_READY"], !File.exists(path) { throw BodyError.truncated }
        }
    }

    /// With TEST_START set this ends at once unless that file exists.
    static func serve() throws {
        if let path = environment["TEST_START"], !File.exists(path) { exit(1) }
        let (reading, writing) = try Pipe().release()
        _ = try Thread.start(name: "signals") {
            _ = Signals.wait([Signals.terminate, Signals.interrupt])
            close(writing)
        }
        Supervised.announce()
        try FastCGIServer.run(
            listening: 0, options: ServerOptions(), stop: reading, makeState: { try State() }, refuse: refuse,
            handle: handle)
    }

    static func answerCGI() throws {
        var variables: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let pair = unsafe String(cString: entry).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(pair[0])] = pair.count > 1 ? String(pair[1]) : ""
            unsafe next += 1
        }
        guard CGI.isCGI(variables) else { exit(65) }
        try CGI.run(environment: variables, makeState: { try State() }, refuse: refuse, handle: handle)
    }

    @Sendable private static func refuse(_ error: RequestError) -> Response {
        .text(error.code, status: error.status)
    }

    @Sendable private static func handle(_ request: Request, _ body: inout RequestBody, _ state: inout State)
        -> Response
    {
        state.answered += 1
        do {
            return try answer(request, &body)
        } catch {
            report("\(error)")
            return .text("\(error)", status: error as? BodyError == .tooLarge ? 413 : 400)
        }
    }

    private static func answer(_ request: Request, _ body: inout RequestBody) throws -> Response {
        switch request.rawPath {
        case "/pid": return .text("\(getpid())")
        case "/crash": fatalError("as asked")
        case "/drop": return Response(status: 200, body: .dropped)
        case "/unread": return .text("unread", status: 413)
        case "/inject": return Response(status: 200, headers: Headers([("X-A", "1\r\nX-B: 2\r\n\r\n<body>")]))
        case "/stream": return stream(Int(try request.query.one("count") ?? "") ?? 0)
        case "/half":
            return Response(
                status: 200,
                body: .stream(length: 100_000) { write in
                    try write([UInt8](repeating: 0, count: 50_000))
                    throw BodyError.truncated
                })
        case "/hold":
            report("held")
            _ = try File.read(try request.query.one("fifo") ?? "")
            return .text("released")
        default: return try echo(request, &body)
        }
    }

    private static func stream(_ count: Int) -> Response {
        Response(
            status: 200,
            body: .stream(length: nil) { write in
                do {
                    var left = count
                    while left > 0 {
                        try write([UInt8](repeating: 0x61, count: min(left, 1 << 16)))
                        left -= 1 << 16
                    }
                } catch {
                    report("\(error)")
                    throw error
                }
            })
    }

    /// What came in, a line each; of the body its length and the sum of its bytes.
    private static func echo(_ request: Request, _ body: inout RequestBody) throws -> Response {
        if request.headers.first("x-tell") != nil { report("reading") }
        let bytes = try body.all(limit: 8 << 20)
        let sum = bytes.reduce(0) { $0 + Int($1) }
        let fields = request.headers.fields.map { "\($0.name): \($0.value)" }
        let lines =
            [
                "\(request.method) \(request.target)", "scheme \(request.scheme)", "remote \(request.remoteAddress)",
                "length \(request.contentLength.map(String.init) ?? "unknown")", "body \(bytes.count) \(sum)",
            ] + fields
        return .text(lines.joined(separator: "\n"))
    }

    private static func report(_ line: String) {
        guard let path = environment["TEST_REPORT"] else { return }
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try? Descriptor(number).write(Array((line + "\n").utf8))
    }
}

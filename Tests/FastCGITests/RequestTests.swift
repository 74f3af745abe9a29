import Glibc
import Processes
import TestSupport
import Testing

/// What arrives, what is refused, and what becomes of broken requests, through a real nginx.
@Suite(.serialized) struct RequestTests {
    private let site: Site
    private var client: Client { site.client }

    init() throws {
        Signals.ignorePipe()
        site = try Site()
    }

    @Test func everythingArrivesAsItWasSent() throws {
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let answer = try client.send(
            "POST", "//a%2Fb/../c?x=1&y=%20", ["Content-Type: text/x", "X-One: 1", "x_two: 2", "Proxy: evil"],
            body: body)
        #expect(
            answer.lines == [
                "POST //a%2Fb/../c?x=1&y=%20", "scheme https", "remote 192.0.2.7", "length 300000",
                "body 300000 \(body.reduce(0) { $0 + Int($1) })", "content-type: text/x", "host: test", "x-one: 1",
                "x-two: 2",
            ])
    }

    @Test func chunkedBodies() throws {
        let answer = try client.exchange(
            Array(
                "POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                    .utf8))
        #expect(answer.text.contains("body 5 495"))
    }

    @Test(arguments: [
        ("GET", 8192, 0, 414, "uri-too-long"), ("GET", 0, 33_000, 431, "headers-too-large"),
        ("PROPFIND", 0, 0, 405, "method"),
    ])
    func limits(method: String, targetBytes: Int, headerBytes: Int, status: Int, code: String) throws {
        let headers = headerBytes == 0 ? [] : ["X-Big: " + String(repeating: "b", count: headerBytes)]
        let answer = try client.send(method, "/" + String(repeating: "a", count: targetBytes), headers)
        #expect(answer.status == status)
        #expect(answer.text == code)
    }

    @Test func justBelowTheLimits() throws {
        let target = "/" + String(repeating: "a", count: 8191)
        #expect(try client.get(target, ["X-Big: " + String(repeating: "b", count: 32_700)]).status == 200)
    }

    @Test func bodiesAboveTheHandlersLimit() throws {
        #expect(try client.send("POST", "/", body: [UInt8](repeating: 1, count: (8 << 20) + 1)).status == 413)
        #expect(try client.send("POST", "/", body: [UInt8](repeating: 1, count: 8 << 20)).status == 200)
    }

    @Test func anAnswerBeforeTheBodyWasRead() throws {
        for _ in 0..<8 {
            #expect(try client.send("POST", "/unread", body: [UInt8](repeating: 1, count: 4 << 20)).status == 413)
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: t\r\nX-Tell: 1\r\nContent-Length: 1000\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: t\r\nX-Tell: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde",
    ])
    func aBrokenOffBodyIsNoShortBody(request: String) throws {
        do {
            let connection = try client.connect()
            try connection.write(Array(request.utf8))
            // nginx does not pass on what is over before it began.
            #expect(eventually { site.report == ["reading"] })
        }
        #expect(eventually { site.report == ["reading", "truncated"] })
        #expect(try client.get("/pid").status == 200)
    }

    @Test func aValueCannotEndItsLine() throws {
        let answer = try client.get("/inject")
        #expect(answer.head.contains("X-A: 1  X-B: 2    <body>"))
        #expect(answer.body.isEmpty)
    }

    @Test func noAnswerAndHalfAnAnswer() throws {
        #expect(try client.get("/drop").status == 502)
        let half = try client.get("/half")
        #expect(half.head.contains("Content-Length: 100000"))
        #expect(half.body.count < 100_000)
        #expect(try client.get("/pid").status == 200)
    }

    @Test func streams() throws {
        let answer = try client.get("/stream?count=5000000")
        #expect(answer.body.count >= 5_000_000)
        #expect(!answer.head.contains("Content-Length"))
        do {
            let connection = try client.connect()
            try connection.write(Array("GET /stream?count=1000000000 HTTP/1.0\r\n\r\n".utf8))
            _ = try connection.read(max: 1000)
        }
        #expect(eventually { site.report == ["ClientGone()"] })
    }

    @Test func aKeptConnectionHoldsNoThread() throws {
        for _ in 0..<12 { #expect(try client.get("/kept").status == 200) }
        #expect(try client.get("/pid").status == 200)
    }

    /// Bytes straight to the responder's socket, past nginx.
    enum Garbage: CaseIterable {
        case nothing, oneByte, zeros, ones, http, beginOnly, cutParameters, getValues, abort

        var bytes: [UInt8] {
            let begin: [UInt8] = [1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
            return switch self {
            case .nothing: []
            case .oneByte: [1]
            case .zeros: [UInt8](repeating: 0, count: 64)
            case .ones: [UInt8](repeating: 0xFF, count: 4096)
            case .http: Array("GET / HTTP/1.0\r\n\r\n".utf8)
            case .beginOnly: begin
            case .cutParameters: begin + [1, 4, 0, 1, 0, 4, 0, 0, 0x0E]
            case .getValues: [1, 9, 0, 0, 0, 0, 0, 0]
            case .abort: [1, 2, 0, 1, 0, 0, 0, 0]
            }
        }
    }

    @Test(arguments: Garbage.allCases)
    func noRequestAtAll(garbage: Garbage) throws {
        let before = try client.get("/pid").text
        do {
            let direct = try Client(socket: site.folder.file("fastcgi")).connect()
            try? direct.write(garbage.bytes)
        }
        #expect(try client.get("/pid").text == before)
    }
}

struct StateTests {
    @Test func withoutStateRequestsAreRefusedUntilThereIsOne() throws {
        Signals.ignorePipe()
        let folder = try TestFolder()
        let site = try Site(environment: ["TEST_READY": folder.file("ready")], folder: folder)
        #expect(eventually { (try? site.client.get("/pid"))?.text == "database" })
        #expect(try site.client.get("/pid").status == 503)
        try folder.write([], to: "ready")
        for _ in 0..<8 { #expect(try site.client.get("/pid").status == 200) }
    }
}

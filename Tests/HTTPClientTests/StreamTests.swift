import HTTPClient
import TestSupport
import Testing

private struct Refusal: Error {}

struct StreamTests {
    private static let size = 1 << 20

    private static func bytes(from offset: Int64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: (Int(offset) + $0) &* 31 >> 3) }
    }

    @Test func sendsABodyPieceByPiece() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200)
        } _: { server in
            var client = loopbackClient()
            let body = HTTPClient.Body.stream(length: Int64(Self.size)) { offset, max in
                Self.bytes(from: offset, min(max, 100_000))
            }
            _ = try client.send(.init(method: "PUT", url: server.url, body: body))
            let sent = try #require(server.requests.first)
            #expect(sent.header("content-length") == "\(Self.size)")
            #expect(sent.header("transfer-encoding") == nil && sent.header("expect") == nil)
            #expect(sent.body == Self.bytes(from: 0, Self.size))
        }
    }

    @Test(arguments: [true, false])
    func receivesABodyPieceByPiece(isChunked: Bool) throws {
        let whole = Self.bytes(from: 0, Self.size)
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            guard isChunked else {
                return try connection.answer(200, [], String(decoding: whole.map { $0 & 0x7F }, as: UTF8.self))
            }
            try connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: Self.size, by: 1 << 18) {
                try connection.write("40000\r\n")
                try connection.write(whole[start..<start + (1 << 18)].map { $0 & 0x7F } + Array("\r\n".utf8))
            }
            try connection.write("0\r\n\r\n")
        } _: { server in
            var client = loopbackClient()
            var received: [UInt8] = []
            var pieces = 0
            let response = try client.send(.init(url: server.url, maxResponseBytes: Int64(Self.size))) { chunk in
                received += chunk
                pieces += 1
            }
            #expect(response.body.isEmpty)
            #expect(received == whole.map { $0 & 0x7F })
            #expect(pieces > 1)
        }
    }

    @Test func anErrorsBodyIsNotStreamed() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(404, [], "<Error/>")
        } _: { server in
            var client = loopbackClient()
            let request = HTTPClient.Request(url: server.url, maxResponseBytes: 1)
            let response = try client.send(request) { _ in Issue.record("a 404 is no object") }
            #expect(response.status == 404 && response.body == Array("<Error/>".utf8))
        }
    }

    @Test func whatReceiveThrowsEndsTheTransfer() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200, [], "some")
            try connection.waitForClose()
        } _: { server in
            var client = loopbackClient()
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(url: server.url)) { _ in throw Refusal() }
            }
            #expect(error?.kind == .caller && error?.nothingWasSent == false)
            #expect(error?.cause is Refusal)
        }
    }

    @Test(arguments: ["throws", "nothing", "too much"])
    func whatReadDoesWrongEndsTheTransfer(fault: String) throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
        } _: { server in
            var client = loopbackClient()
            let body = HTTPClient.Body.stream(length: 1000) { _, max in
                switch fault {
                case "throws": throw Refusal()
                case "nothing": []
                default: [UInt8](repeating: 0, count: max + 1)
                }
            }
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(method: "PUT", url: server.url, body: body))
            }
            #expect(error?.kind == .caller)
            #expect((error?.cause is Refusal) == (fault == "throws"))
        }
    }

    @Test func aClientGoesOnAfterAFailure() throws {
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(200, [], "fine") }
        } _: { server in
            var client = loopbackClient()
            #expect(throws: HTTPClientError.self) { try client.send(.init(url: server.url)) { _ in throw Refusal() } }
            #expect(throws: HTTPClientError.self) { try client.send(.init(url: server.url, maxResponseBytes: 3)) }
            // Of names that were not found libcurl 7.88 remembers too much.
            #expect(throws: HTTPClientError.self) { try client.send(.init(url: "http://nowhere.invalid/")) }
            #expect(throws: HTTPClientError.self) { try client.send(.init(url: "http://127.0.0.1:1/")) }
            let response = try client.send(.init(url: server.url, maxResponseBytes: 4))
            #expect(response.body == Array("fine".utf8))
        }
    }
}

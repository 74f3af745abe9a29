import HTTPClient
import TestSupport
import Testing

/// What a peer can do wrong, and whether the client then knows that nothing has left.
struct FailureTests {
    private func failure(
        of request: HTTPClient.Request, _ serve: @escaping @Sendable (inout LoopbackConnection) throws -> Void
    ) throws -> HTTPClientError? {
        try LoopbackServer.run(serve) { server in
            var client = loopbackClient()
            var request = request
            request.url = server.url + request.url
            return #expect(throws: HTTPClientError.self) { try client.send(request) }
        }
    }

    @Test func nobodyListens() throws {
        let port = try LoopbackServer.run({ _ in }) { $0.port }
        var client = loopbackClient()
        let error = #expect(throws: HTTPClientError.self) { try client.send(.init(url: "http://127.0.0.1:\(port)/")) }
        #expect(error?.kind == .notConnected && error?.nothingWasSent == true)
    }

    @Test func aNameThatDoesNotExist() {
        var client = HTTPClient()
        let error = #expect(throws: HTTPClientError.self) { try client.send(.init(url: "http://nowhere.invalid/")) }
        #expect(error?.kind == .nameNotFound && error?.nothingWasSent == true)
    }

    @Test func closedAfterReadingTheRequest() throws {
        let error = try failure(of: .init(method: "POST", url: "/", body: .bytes([1]), onFreshConnection: true)) {
            _ = try $0.readRequest()
        }
        #expect(error?.kind == .broken && error?.nothingWasSent == false)
    }

    @Test func resetBeforeReadingTheRequest() throws {
        let error = try failure(of: .init(method: "POST", url: "/", body: .bytes([1]), onFreshConnection: true)) {
            $0.resetOnClose()
        }
        // The kernel took the bytes, or the reset came first: only then is it certain that nothing left.
        #expect(error?.kind == .broken || (error?.kind == .notConnected && error?.nothingWasSent == true))
    }

    @Test func closedInMidAnswer() throws {
        let error = try failure(of: .init(url: "/")) { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        #expect(error?.kind == .broken && error?.nothingWasSent == false)
    }

    @Test(arguments: [
        "HTTP/1.1 banana\r\n\r\n", "220 mail.example ESMTP\r\n", "\0\0\0", "HTTP/1.1 200 OK\r\nX-Half: ",
    ])
    func somethingThatIsNotHTTP(answer: String) throws {
        let error = try failure(of: .init(url: "/")) { connection in
            _ = try connection.readRequest()
            try connection.write(answer)
        }
        #expect(error?.kind == .broken, "\(String(describing: error))")
        #expect(error?.nothingWasSent == false)
    }

    @Test func nothingComesBack() throws {
        let error = try failure(of: .init(url: "/", totalMilliseconds: 300)) { connection in
            _ = try connection.readRequest()
            try connection.waitForClose()
        }
        #expect(error?.kind == .timeout && error?.nothingWasSent == false)
    }

    @Test func nothingComesForAWhile() throws {
        let error = try failure(of: .init(url: "/", totalMilliseconds: 0, idleMilliseconds: 1000)) { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            try connection.waitForClose()
        }
        #expect(error?.kind == .timeout && error?.nothingWasSent == false)
    }

    @Test func tooLargeAnAnswer() throws {
        let error = try failure(of: .init(url: "/", maxResponseBytes: 1000)) { connection in
            _ = try connection.readRequest()
            try connection.answer(200, [], String(repeating: "x", count: 1001))
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func tooManyHeaders() throws {
        let error = try failure(of: .init(url: "/")) { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\n")
            while true { try connection.write("X-More: \(String(repeating: "y", count: 1000))\r\n") }
        }
        #expect(error?.kind == .tooLarge)
    }

    @Test func itsDescriptionNamesNothingThatWasSent() throws {
        let error = try failure(of: .init(url: "/key-of-a-person?X-Amz-Signature=abc", headers: [("a", "secret")])) {
            _ = try $0.readRequest()
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("HTTP: the connection broke"))
        #expect(!text.contains("secret") && !text.contains("Signature") && !text.contains("127.0.0.1"))
    }
}

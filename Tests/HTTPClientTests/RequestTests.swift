import HTTP
import HTTPClient
import TestSupport
import Testing

/// To 127.0.0.1, which the default rule refuses.
func loopbackClient() -> HTTPClient { HTTPClient(.init(isAllowed: { $0.address == [127, 0, 0, 1] })) }

struct RequestTests {
    @Test(arguments: ["GET", "PUT", "POST", "DELETE", "PATCH"])
    func sendsExactlyWhatItIsGiven(method: String) throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200)
        } _: { server in
            var client = loopbackClient()
            let headers = [("host", "signed.example:81"), ("X-Empty", ""), ("Authorization", "AWS4 a=b, c=d")]
            let request = HTTPClient.Request(
                method: method, url: server.url + "/a//b/../%2e/c%2Fd?x=%20+&y", headers: headers, body: .bytes([1, 2]))
            #expect(try client.send(request).status == 200)
            let sent = try #require(server.requests.first)
            #expect(sent.line == "\(method) /a//b/../%2e/c%2Fd?x=%20+&y HTTP/1.1")
            #expect(sent.body == [1, 2])
            #expect(
                Set(sent.head.split(separator: "\r\n").dropFirst()) == [
                    "Host: signed.example:81", "X-Empty:", "Authorization: AWS4 a=b, c=d", "Content-Length: 2",
                ])
        }
    }

    @Test(arguments: [("GET", nil), ("HEAD", nil), ("DELETE", nil), ("POST", "0"), ("PUT", "0")])
    func withoutABodyOnlyPostAndPutSayItsLength(method: String, length: String?) throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(204)
        } _: { server in
            var client = loopbackClient()
            #expect(try client.send(.init(method: method, url: server.url + "/")).status == 204)
            let sent = try #require(server.requests.first)
            #expect(sent.line == "\(method) / HTTP/1.1")
            #expect(sent.header("content-length") == length)
            #expect(sent.header("host") == "127.0.0.1:\(server.port)")
            #expect(sent.head.split(separator: "\r\n").count == (length == nil ? 2 : 3))
        }
    }

    @Test func aHeadAnswerHasHeadersAndNoBody() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nETag: \"x\"\r\n\r\n")
        } _: { server in
            var client = loopbackClient()
            let response = try client.send(.init(method: "HEAD", url: server.url))
            #expect(response.headers.first("CONTENT-length") == "12")
            #expect(response.headers.first("etag") == "\"x\"")
            #expect(response.body.isEmpty)
        }
    }

    @Test(arguments: [
        "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1/", "", "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/ä", "http://user:word@127.0.0.1/",
    ])
    func refusesAURL(url: String) {
        var client = loopbackClient()
        let error = #expect(throws: HTTPClientError.self) { try client.send(.init(url: url)) }
        #expect(error?.nothingWasSent == true)
        #expect(error?.kind == (url.contains("@") ? .broken : .badRequest))
    }

    @Test(arguments: [
        ("X-A", "b\r\nX-C: d"), ("X-A\r\nB", "c"), ("X A", "b"), ("", "b"), ("X-A", "b\0"), ("X-A:", "b"),
    ])
    func refusesAHeaderThatWouldEndItsLine(name: String, value: String) throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
        } _: { server in
            var client = loopbackClient()
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(url: server.url, headers: [(name, value)]))
            }
            #expect(error?.kind == .badRequest && error?.nothingWasSent == true)
            #expect(server.connections == 0)
        }
    }

    @Test func followsNoRedirect() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(302, ["Location: http://169.254.169.254/latest/meta-data"], "moved")
        } _: { server in
            var client = loopbackClient()
            let response = try client.send(.init(url: server.url, headers: [("Authorization", "secret")]))
            #expect(response.status == 302 && response.body == Array("moved".utf8))
            #expect(server.connections == 1 && server.requests.count == 1)
        }
    }

    @Test func anInterimAnswerIsNotTheAnswer() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            try connection.answer(201, ["X-Last:   padded\t "])
        } _: { server in
            var client = loopbackClient()
            let response = try client.send(.init(url: server.url))
            #expect(response.status == 201)
            #expect(response.headers.first("link") == nil)
            #expect(response.headers.first("x-last") == "padded")
        }
    }
}

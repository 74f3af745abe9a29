import Glibc
import HTTPClient
import TestSupport
import Testing

struct ConnectionTests {
    @Test func aConnectionIsUsedAgain() throws {
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(200) }
        } _: { server in
            var client = loopbackClient()
            for _ in 0..<3 { _ = try client.send(.init(url: server.url)) }
            #expect(server.connections == 1 && server.requests.count == 3)
        }
    }

    @Test func aFreshConnectionIsNeitherReusedNorKept() throws {
        try LoopbackServer.run { connection in
            guard try connection.readRequest() != nil else { return }
            try connection.answer(200)
            try connection.waitForClose()
        } _: { server in
            var client = loopbackClient()
            for _ in 0..<3 { _ = try client.send(.init(method: "POST", url: server.url, onFreshConnection: true)) }
            #expect(server.connections == 3 && server.requests.count == 3)
        }
    }

    @Test func aReusedConnectionThatTurnsOutDeadIsReplaced() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200)
            if connection.index == 0 { _ = try connection.readRequest() }
        } _: { server in
            var client = loopbackClient()
            let body = HTTPClient.Body.stream(length: 3) { offset, max in Array([7, 8, 9][Int(offset)...].prefix(max)) }
            _ = try client.send(.init(url: server.url))
            #expect(try client.send(.init(method: "PUT", url: server.url, body: body)).status == 200)
            #expect(server.connections == 2)
            #expect(server.requests.map(\.body) == [[], [7, 8, 9], [7, 8, 9]])
        }
    }

    @Test func onAFreshConnectionNothingIsEverSentTwice() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            if connection.index == 0 {
                try connection.answer(200)
                try connection.waitForClose()
            }
        } _: { server in
            var client = loopbackClient()
            _ = try client.send(.init(url: server.url, onFreshConnection: true))
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(method: "POST", url: server.url, body: .bytes([1]), onFreshConnection: true))
            }
            #expect(error?.kind == .broken && error?.nothingWasSent == false)
            #expect(server.requests.count == 2)
        }
    }

    @Test func aProxyIsUsedWhenSet() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200, [], "proxy")
        } _: { proxy in
            try LoopbackServer.run { connection in
                _ = try connection.readRequest()
                try connection.answer(200, [], "server")
            } _: { server in
                var client = HTTPClient(.init(proxy: proxy.url, directHosts: ["127.0.0.1"]))
                let far = try client.send(.init(url: "http://far.example/a"))
                #expect(far.body == Array("proxy".utf8))
                #expect(proxy.requests.map(\.line) == ["GET http://far.example/a HTTP/1.1"])
                let near = try client.send(.init(url: server.url))
                #expect(near.body == Array("server".utf8))
            }
        }
    }

    /// In a process of its own, whose environment names a proxy that nobody listens on.
    @Test func noProxyIsTakenFromTheEnvironment() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] {
                _ = unsafe setenv(name, "http://127.0.0.1:1", 1)
            }
            try LoopbackServer.run { connection in
                _ = try connection.readRequest()
                try connection.answer(200)
            } _: { server in
                var client = loopbackClient()
                let response = try client.send(.init(url: server.url))
                #expect(response.status == 200)
            }
        }
    }
}

import HTTPClient
import TestSupport
import Testing

struct AddressTests {
    /// As strangers write 127.0.0.1 and the like (trust.md S39).
    @Test(arguments: [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]",
        "localhost",
        "0.0.0.0", "0", "[::1]", "[::]",
    ])
    func thisMachineIsNotReached(host: String) throws {
        try LoopbackServer.run({ _ in }) { server in
            var client = HTTPClient()
            let error = #expect(throws: HTTPClientError.self) {
                try client.send(.init(url: "http://\(host):\(server.port)/"))
            }
            // Where there is no IPv6 at all, an IPv6 address is not even asked about.
            #expect(error?.kind == .addressRefused || (host.hasPrefix("[") && error?.kind == .notConnected))
            #expect(error?.nothingWasSent == true)
            #expect(server.connections == 0)
        }
    }

    @Test func theRuleHearsHostPortAndAddress() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200)
        } _: { server in
            let expected = HTTPClient.Peer(host: "localhost", port: server.port, address: [127, 0, 0, 1])
            var client = HTTPClient(.init(isAllowed: { $0 == expected }))
            let response = try client.send(.init(url: "http://LocalHost:\(server.port)/"))
            #expect(response.status == 200)
        }
    }

    @Test(arguments: [
        ([0, 0, 0, 0], true), ([127, 255, 0, 9], true), ([169, 254, 169, 254], true), ([169, 254, 170, 2], true),
        ([224, 0, 0, 1], true), ([255, 255, 255, 255], true), ([10, 0, 0, 1], false), ([52, 94, 5, 1], false),
        ([169, 253, 0, 1], false),
    ])
    func insideByIPv4(address: [UInt8], isInside: Bool) {
        #expect(HTTPClient.Peer(host: "a", port: 1, address: address).isInside == isInside)
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address
        #expect(HTTPClient.Peer(host: "a", port: 1, address: mapped).isInside == isInside)
        let translated = [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] + address
        #expect(HTTPClient.Peer(host: "a", port: 1, address: translated).isInside == isInside)
        let sixToFour = [0x20, 0x02] + address + [UInt8](repeating: 0, count: 10)
        #expect(HTTPClient.Peer(host: "a", port: 1, address: sixToFour).isInside == isInside)
    }

    @Test(arguments: [
        ([0xFE, 0x80], true), ([0xFE, 0xBF], true), ([0xFF, 0x02], true), ([0xFD, 0x00, 0x0E, 0xC2], true),
        ([0xFD, 0x12], false), ([0x26, 0x00], false), ([], true),
    ])
    func insideByIPv6(start: [UInt8], isInside: Bool) {
        let address = start + [UInt8](repeating: 0, count: 15 - start.count) + [1]
        #expect(HTTPClient.Peer(host: "a", port: 1, address: address).isInside == isInside)
    }

    @Test(arguments: [
        ([10, 1, 2, 3], true), ([172, 31, 0, 1], true), ([172, 32, 0, 1], false), ([192, 168, 0, 1], true),
        ([100, 64, 0, 1], true), ([100, 128, 0, 1], false), ([8, 8, 8, 8], false),
    ])
    func privateNetworks(address: [UInt8], isPrivate: Bool) {
        #expect(HTTPClient.Peer(host: "a", port: 1, address: address).isPrivate == isPrivate)
    }
}

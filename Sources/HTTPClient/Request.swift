package import HTTP

extension HTTPClient {
    /// What to send; exactly these headers.
    package struct Request {
        package var method: String
        /// http or https, path and query as they go on the wire: nothing is decoded, merged or resolved.
        package var url: String
        package var headers: [(name: String, value: String)]
        package var body: Body
        package var connectMilliseconds: Int
        /// For the whole exchange; 0 for no limit.
        package var totalMilliseconds: Int
        /// Without a byte in either direction, in whole seconds, rounded up; libcurl looks at the speed of the last five,
        /// so it takes up to that much longer. 0 for no limit.
        package var idleMilliseconds: Int
        /// Of a successful answer; any other may have 64 KiB, so that its reason is read.
        package var maxResponseBytes: Int64
        /// A connection of its own, closed afterwards: the request leaves at most once.
        package var onFreshConnection: Bool
        /// The last moment at which a body may begin to leave; a request without its body is none.
        package var notAfter: ContinuousClock.Instant?

        package init(
            method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: Body = .none,
            connectMilliseconds: Int = 5000, totalMilliseconds: Int = 30_000, idleMilliseconds: Int = 15_000,
            maxResponseBytes: Int64 = 16 << 20, onFreshConnection: Bool = false,
            notAfter: ContinuousClock.Instant? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.connectMilliseconds = connectMilliseconds
            self.totalMilliseconds = totalMilliseconds
            self.idleMilliseconds = idleMilliseconds
            self.maxResponseBytes = maxResponseBytes
            self.onFreshConnection = onFreshConnection
            self.notAfter = notAfter
        }
    }

    package enum Body {
        case none
        case bytes([UInt8])
        /// `read` answers at least one and at most `max` bytes from `offset` on. It is asked in order, and from 0 again
        /// when a dead connection is replaced.
        case stream(length: Int64, read: (_ offset: Int64, _ max: Int) throws -> [UInt8])
    }

    package struct Response: Sendable {
        package let status: Int
        package let headers: Headers
        package let body: [UInt8]

        package init(status: Int, headers: Headers, body: [UInt8]) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }
}

extension HTTPClient.Request {
    /// Nothing in it may end a line or start another header.
    func check() throws(HTTPClientError) {
        let isURL =
            (url.hasPrefix("https://") || url.hasPrefix("http://")) && url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        let names = [method] + headers.map(\.name)
        let areNames = names.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(Self.isTokenByte) }
        let areValues = headers.allSatisfy { $0.value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 } }
        guard isURL, areNames, areValues else { throw HTTPClientError(.badRequest, nothingWasSent: true) }
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Lower case, without port and brackets.
    var host: String {
        let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        if authority.hasPrefix("[") { return authority.dropFirst().prefix { $0 != "]" }.lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }
}

internal import Glibc
internal import Processes

/// A request as it came over the wire.
package struct LoopbackRequest: Sendable, Equatable {
    /// Request line and header lines, with their line ends, without the empty line.
    package let head: String
    package let body: [UInt8]

    /// For example `GET /a HTTP/1.1`.
    package var line: String { String(head.prefix { $0 != "\r\n" }) }

    package func header(_ name: String) -> String? {
        let start = name.lowercased() + ":"
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(start) }
        return line.map { $0.dropFirst(start.count).drop { $0 == " " } }.map(String.init)
    }
}

/// The server's end of one connection; closed when it goes.
package struct LoopbackConnection: ~Copyable {
    /// Of the server's connections, from 0.
    package let index: Int
    private let descriptor: Descriptor
    private let log: LoopbackLog
    private var unread: [UInt8] = []

    init(_ descriptor: consuming Descriptor, index: Int, _ log: LoopbackLog) {
        self.descriptor = descriptor
        self.index = index
        self.log = log
    }

    /// Nil when the client closes instead.
    package mutating func readRequest() throws -> LoopbackRequest? {
        guard let end = try readHead() else { return nil }
        let head = String(decoding: unread[..<end], as: UTF8.self)
        let length = LoopbackRequest(head: head, body: []).header("content-length").flatMap { Int($0) } ?? 0
        let bodyStart = end + 2
        while unread.count < bodyStart + length {
            guard try readMore() else { return nil }
        }
        let request = LoopbackRequest(head: head, body: Array(unread[bodyStart..<bodyStart + length]))
        unread.removeFirst(bodyStart + length)
        log.note(request)
        return request
    }

    /// Answers with a `Content-Length`; the connection stays open.
    package func answer(_ status: Int, _ headers: [String] = [], _ body: String = "") throws {
        let lines = ["HTTP/1.1 \(status) As the test says", "Content-Length: \(body.utf8.count)"] + headers
        try write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    package func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    descriptor.number, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw ProcessError("send", "loopback") }
            done += sent
        }
    }

    /// Returns when the client has closed; what it sends until then is dropped.
    package func waitForClose() throws {
        while try !descriptor.read(max: 1 << 16).isEmpty {}
    }

    /// Makes the coming close a reset (RST) instead of an orderly end.
    package func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(
            descriptor.number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// The index behind the last header line's end.
    private mutating func readHead() throws -> Int? {
        var searched = 0
        while true {
            let from = max(0, searched - 3)
            if let found = unread[from...].firstRange(of: Array("\r\n\r\n".utf8)) { return found.lowerBound + 2 }
            searched = unread.count
            guard try readMore() else { return nil }
        }
    }

    private mutating func readMore() throws -> Bool {
        let bytes = try descriptor.read(max: 1 << 18)
        unread += bytes
        return !bytes.isEmpty
    }
}

import Glibc
import Processes

/// HTTP/1.0 over a UNIX socket, written and read as bytes: what tests send is exactly what goes out.
struct Client: Sendable {
    let socket: String

    struct Answer: Sendable {
        let status: Int
        let head: String
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    struct NoAnswer: Error {}

    func get(_ target: String, _ headers: [String] = []) throws -> Answer {
        try send("GET", target, headers)
    }

    func send(_ method: String, _ target: String, _ headers: [String] = [], body: [UInt8] = []) throws -> Answer {
        let length = body.isEmpty ? [] : ["Content-Length: \(body.count)"]
        let head = (["\(method) \(target) HTTP/1.0", "Host: test"] + headers + length).joined(separator: "\r\n")
        return try exchange(Array((head + "\r\n\r\n").utf8) + body)
    }

    /// The whole answer to these bytes.
    func exchange(_ bytes: [UInt8]) throws -> Answer {
        let connection = try connect()
        // A server that answers early stops reading.
        try? connection.write(bytes)
        var answer: [UInt8] = []
        while let piece = try? connection.read(max: 1 << 16), !piece.isEmpty { answer += piece }
        return try Self.parse(answer)
    }

    func connect() throws -> Descriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socket.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let made = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let failure = ProcessError("connect", socket)
        let connection = Descriptor(number)
        guard made == 0 else { throw failure }
        return connection
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let blank = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: blank) }) else { throw NoAnswer() }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        guard let status = Int(head.dropFirst(9).prefix(3)) else { throw NoAnswer() }
        return Answer(status: status, head: head, body: Array(bytes[(end + 4)...]))
    }
}

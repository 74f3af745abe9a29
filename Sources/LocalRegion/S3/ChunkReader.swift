import Cryptography
import HTTP

/// `aws-chunked`: `SIZE[;chunk-signature=…]\r\n` bytes `\r\n` … `0\r\n`, trailers, a blank line. Content-Encoding of S3's
/// own, inside whatever transfer encoding the connection has. What it hands on of a signed chunk is not yet verified:
/// it throws at that chunk's end.
struct ChunkReader: ~Copyable {
    private var signatures: ChunkSignatures?
    /// Of the chunk that is being read.
    private var hasher: SHA256Hasher?
    private var signature: String?
    /// A chunk has come that only the last may be as small as.
    private var hasSmall = false
    private var buffer: [UInt8] = []
    private var left = 0
    private var isFirst = true
    private(set) var isDone = false
    /// Lower-case names.
    private(set) var trailers: [String: String] = [:]

    /// Without `signatures`, what chunks say of theirs is not looked at.
    init(_ signatures: ChunkSignatures? = nil) { self.signatures = signatures }

    /// The next bytes of the content; nil at its end, after the trailers.
    mutating func next(_ body: inout RequestBody) throws -> [UInt8]? {
        if isDone { return nil }
        if left == 0 {
            try startChunk(&body)
            if left == 0 {
                try readTrailers(&body)
                return nil
            }
        }
        if buffer.isEmpty { try fill(&body) }
        let bytes = Array(buffer.prefix(left))
        buffer.removeFirst(bytes.count)
        left -= bytes.count
        hasher?.update(bytes)
        if left == 0 { try endChunk() }
        return bytes
    }

    private mutating func startChunk(_ body: inout RequestBody) throws {
        if !isFirst {
            guard try line(&body).isEmpty else { throw Self.malformed }
        }
        isFirst = false
        let line = try line(&body)
        let text = line.prefix { $0 != ";" }
        guard (1...8).contains(text.utf8.count), let size = Int(text, radix: 16), size >= 0 else {
            throw Self.malformed
        }
        left = size
        guard signatures != nil else { return }
        guard !hasSmall || size == 0 else { throw Self.small }
        hasSmall = size < 8192
        let mark = ";chunk-signature="
        signature = line.dropFirst(text.count).hasPrefix(mark) ? String(line.dropFirst(text.count + mark.count)) : nil
        hasher = SHA256Hasher()
        if size == 0 { try endChunk() }
    }

    private mutating func endChunk() throws(LocalFault) {
        guard let digest = hasher?.finish() else { return }
        hasher = nil
        try signatures?.check(signature, sha256: hex(digest))
    }

    private mutating func readTrailers(_ body: inout RequestBody) throws {
        var signed = ""
        while case let text = try line(&body), !text.isEmpty {
            let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, trailers.count < 16 else { throw Self.malformed }
            let (name, value) = (halves[0].lowercased(), halves[1].filter { $0 != " " })
            trailers[name] = value
            if name != Self.trailerSignature { signed += "\(name):\(value)\n" }
        }
        if signatures != nil, !trailers.isEmpty {
            try signatures?.check(trailers[Self.trailerSignature], trailers: signed)
        }
        guard buffer.isEmpty, try body.chunk(max: 1) == nil else { throw Self.malformed }
        isDone = true
    }

    private mutating func line(_ body: inout RequestBody) throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let text = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                guard text.utf8.last == 0x0D else { throw Self.malformed }
                return String(text.unicodeScalars.dropLast())
            }
            guard buffer.count < 1024 else { throw Self.malformed }
            try fill(&body)
        }
    }

    private mutating func fill(_ body: inout RequestBody) throws {
        guard let piece = try body.chunk(max: 1 << 16) else { throw BodyError.truncated }
        buffer += piece
    }

    private static let trailerSignature = "x-amz-trailer-signature"

    private static var small: LocalFault {
        LocalFault(
            status: 403, code: "InvalidChunkSizeError",
            message: "Only the last chunk is allowed to have a size less than 8192 bytes")
    }

    private static var malformed: LocalFault {
        LocalFault(code: "InvalidRequest", message: "The body is not well-formed aws-chunked.")
    }
}

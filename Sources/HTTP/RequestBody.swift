/// A request's body, read once from front to end.
package struct RequestBody: ~Copyable {
    /// As announced; nil where the client did not say.
    package let length: Int?
    private let source: (_ max: Int) throws -> [UInt8]
    private let leaves: (_ milliseconds: Int) -> Void
    private var received = 0
    private var isDone = false

    /// `read` gives at most so many bytes, none at the end, and throws `BodyError.truncated` if the client broke off.
    package init(
        length: Int?, read: @escaping (_ max: Int) throws -> [UInt8],
        clientLeaves: @escaping (_ milliseconds: Int) -> Void = { _ in }
    ) {
        self.length = length
        source = read
        leaves = clientLeaves
    }

    /// Waits at most so long, after the whole body has been read, for the client to close its connection.
    package func waitUntilClientLeaves(milliseconds: Int) { leaves(milliseconds) }

    package static func bytes(_ bytes: [UInt8]) -> RequestBody {
        var rest = bytes[...]
        return RequestBody(length: bytes.count) { max in
            defer { rest = rest.dropFirst(max) }
            return Array(rest.prefix(max))
        }
    }

    /// The next bytes; nil at the true end. An end before the announced length is `BodyError.truncated`.
    package mutating func chunk(max: Int) throws -> [UInt8]? {
        if isDone { return nil }
        let bytes = try source(max)
        received += bytes.count
        guard bytes.isEmpty else { return bytes }
        isDone = true
        if let length, received != length { throw BodyError.truncated }
        return nil
    }

    /// All of it, or `BodyError.tooLarge`.
    package mutating func all(limit: Int) throws -> [UInt8] {
        if let length, length > limit { throw BodyError.tooLarge }
        var bytes: [UInt8] = []
        while let piece = try chunk(max: 1 << 16) {
            bytes += piece
            guard bytes.count <= limit else { throw BodyError.tooLarge }
        }
        return bytes
    }
}

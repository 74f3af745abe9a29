import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL

/// A file on its way to S3: its bytes stand in rows of at most 1 MiB until the worker has moved them.
struct Upload {
    enum State: String {
        /// Announced, or broken off: nothing can be done with it but sending its bytes.
        case open
        case complete
        /// Named by a job.
        case used
    }

    let id: UUID
    let environment: UUID
    let name: String
    let size: Int64
    let sha256: [UInt8]?
    let state: State
    /// Too large to pass through here: it goes straight to the bucket.
    let isDirect: Bool
    let expiresAt: Int64
    /// What it is as a list of elements; nil where its bytes did not come through here.
    let elements: JSONValue?

    static let columns: SQL = """
        id, environment, name, size, sha256, state, expires_at, elements,
        size > (SELECT inline_bytes FROM environments e WHERE e.id = environment) AS is_direct
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        environment = try row.value("environment")
        name = try row.value("name")
        size = try row.value("size")
        sha256 = try row.value("sha256", as: [UInt8]?.self)
        state = State(rawValue: try row.value("state")) ?? .open
        isDirect = try row.value("is_direct", as: Bool?.self) ?? false
        expiresAt = try row.milliseconds("expires_at")
        elements = try row.value("elements", as: JSONText?.self).flatMap { try? JSONValue.parse($0.bytes) }
    }

    static let chunkSize = 1 << 20
}

extension Connection {
    /// The asker's own upload, unless it has expired.
    mutating func upload(_ id: UUID) throws -> Upload? {
        try row("SELECT \(fragment: Upload.columns) FROM uploads WHERE id = \(id) AND expires_at > now()") {
            try Upload($0)
        }
    }

    mutating func announceUpload(
        owner: UUID, environment: UUID, name: String, size: Int64, sha256: [UInt8]?
    ) throws -> UUID {
        let id = UUID()
        try execute(
            """
            INSERT INTO uploads (id, owner, environment, name, size, sha256, state)
            VALUES (\(id), \(owner), \(environment), \(name), \(size), \(sha256), 'open')
            """)
        return id
    }

    /// Receives the bytes piece by piece, and only then says that the file is there. A body that breaks off, or does
    /// not keep what was announced, leaves nothing but the announcement.
    mutating func receive(
        upload id: UUID, limit: Int64, announced: (size: Int64, sha256: [UInt8]?)?,
        from next: (_ max: Int) throws -> [UInt8]?
    ) throws -> (size: Int64, sha256: [UInt8]) {
        do {
            return try receiveAll(upload: id, limit: limit, announced: announced, from: next)
        } catch {
            if !isBroken { _ = try? execute("DELETE FROM upload_chunks WHERE upload = \(id)") }
            throw error
        }
    }

    private mutating func receiveAll(
        upload id: UUID, limit: Int64, announced: (size: Int64, sha256: [UInt8]?)?,
        from next: (_ max: Int) throws -> [UInt8]?
    ) throws -> (size: Int64, sha256: [UInt8]) {
        var hasher = SHA256Hasher()
        var scan = UploadScan(try arrayLimits().elements)
        var size: Int64 = 0
        var n = 0
        var pending: [UInt8] = []
        while let piece = try next(Upload.chunkSize) {
            size += Int64(piece.count)
            guard size <= limit else {
                throw Failure.tooLarge("The file has more than the \(Words.size(limit)) allowed here.")
            }
            hasher.update(piece)
            try scan.feed(piece)
            pending += piece
            while pending.count >= Upload.chunkSize {
                try store(Array(pending.prefix(Upload.chunkSize)), upload: id, n: n)
                pending.removeFirst(Upload.chunkSize)
                n += 1
            }
        }
        if !pending.isEmpty || n == 0 { try store(pending, upload: id, n: n) }
        let digest = hasher.finish()
        if let announced, announced.size != size || (announced.sha256 ?? digest) != digest {
            throw Failure.unfit([
                .init("/content", "mismatch", "The bytes are not those announced: their size or SHA-256 differs.")
            ])
        }
        try execute(
            """
            UPDATE uploads SET state = 'complete', size = \(size), sha256 = \(digest),
                elements = \(try scan.finish().text)::jsonb WHERE id = \(id)
            """)
        return (size, digest)
    }

    private mutating func store(_ bytes: [UInt8], upload id: UUID, n: Int) throws {
        try execute("INSERT INTO upload_chunks (upload, n, bytes) VALUES (\(id), \(n), \(bytes))")
    }
}

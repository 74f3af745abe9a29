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
        /// Named by jobs, and theirs to take along.
        case used
        /// The last job that named it is being deleted.
        case removing
    }

    let id: UUID
    let environment: UUID
    let name: String
    /// Nil until a file that was announced without it is complete.
    let size: Int64?
    let sha256: [UInt8]?
    let state: State
    /// It does not pass through here, but goes straight to the bucket.
    let isDirect: Bool
    /// It is in the bucket, and is being read.
    let hasArrived: Bool
    /// Why the file that came was not taken.
    let trouble: String?
    let expiresAt: Int64
    /// What it is as a list of elements; nil where its bytes did not come through here.
    let elements: JSONValue?

    static let columns: SQL = """
        uploads.id, uploads.environment, uploads.name, uploads.size, uploads.sha256, uploads.state, uploads.expires_at,
        uploads.is_direct, uploads.arrived_at IS NOT NULL AS has_arrived, uploads.trouble, uploads.elements
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        environment = try row.value("environment")
        name = try row.value("name")
        size = try row.value("size")
        sha256 = try row.value("sha256", as: [UInt8]?.self)
        state = State(rawValue: try row.value("state")) ?? .open
        isDirect = try row.value("is_direct")
        hasArrived = try row.value("has_arrived")
        trouble = try row.value("trouble")
        expiresAt = try row.milliseconds("expires_at")
        elements = try row.value("elements", as: JSONText?.self).flatMap { try? JSONValue.parse($0.bytes) }
    }

    static let chunkSize = 1 << 20
}

extension Connection {
    /// The asker's own upload, unless it has expired.
    mutating func upload(_ id: UUID) throws -> Upload? {
        try row(
            """
            SELECT \(fragment: Upload.columns) FROM uploads
            WHERE id = \(id) AND (state = 'used' OR state <> 'removing' AND expires_at > now())
            """
        ) { try Upload($0) }
    }

    mutating func announceUpload(
        owner: UUID, environment: UUID, name: String, size: Int64?, sha256: [UInt8]?, isDirect: Bool = false,
        isForLater: Bool = false
    ) throws -> UUID {
        let id = UUID()
        let quota: SQL = "SELECT check_upload_quota(\(owner), \(size), \(isDirect))"
        let statements: [SQL] = [
            // The worker does so too; this goes without one.
            """
            DELETE FROM uploads
            WHERE owner = \(owner) AND state = 'open' AND key IS NULL AND expires_at < now()
            """,
            """
            INSERT INTO uploads (id, owner, environment, name, size, sha256, state, is_direct)
            VALUES (\(id), \(owner), \(environment), \(name), \(size), \(sha256), 'open', \(isDirect))
            """,
        ]
        do {
            _ = try pipeline((isForLater ? [quota] : []) + statements)
        } catch {
            guard isForLater, let problem = try Quota.problem(error, in: &self) else { throw error }
            throw Failure.unfit([problem])
        }
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

import FoundationEssentials
import HTTP
import PostgreSQL

/// A row of `objects`: what makes a file visible under a key.
struct StoredObject: Sendable {
    let id: UUID
    let size: Int
    /// With its quotation marks.
    let etag: String
    let headers: StoredHeaders
    /// Milliseconds.
    let modifiedAt: Int64

    init(_ row: borrowing Row) throws {
        id = try row.uuid("id")
        size = try row.int("size")
        etag = "\"" + (try row.text("etag")) + "\""
        headers = try StoredHeaders(try row.json("headers"))
        modifiedAt = try row.milliseconds("modified_at")
    }

    static func find(_ bucket: String, _ key: String, _ database: inout Connection) throws -> StoredObject? {
        try database.row(
            """
            SELECT id, size, etag, headers, modified_at FROM objects WHERE bucket = \(bucket) AND key = \(key)
            """
        ) { try StoredObject($0) }
    }
}

/// An object whose bytes lie in their place and which is to become visible.
struct NewObject: Sendable {
    let bucket: String
    let key: String
    let id: UUID
    let size: Int
    /// Without quotation marks.
    let etag: String
    let headers: StoredHeaders
    let condition: WriteCondition

    /// In a transaction: answers the file that the object had until now.
    func insert(_ database: inout Connection) throws -> UUID? {
        // One writer a key at a time, so that each sees what the other replaced.
        try database.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(bucket)::text || '/' || \(key), 1))")
        let present = try StoredObject.find(bucket, key, &database)
        try condition.check(present)
        try database.execute(
            """
            INSERT INTO objects (bucket, key, id, size, etag, headers)
            VALUES (\(bucket), \(key), \(id), \(size), \(etag), \(headers.json))
            ON CONFLICT (bucket, key) DO UPDATE SET id = excluded.id, size = excluded.size, etag = excluded.etag,
                headers = excluded.headers, modified_at = excluded.modified_at
            """)
        return present?.id
    }
}

/// `If-None-Match: *` and `If-Match` of a write.
struct WriteCondition: Sendable {
    var mustBeNew = false
    var etag: String?

    init() {}

    init(_ request: Request) throws(LocalFault) {
        if let text = request.headers.first("if-none-match") {
            guard text == "*" else {
                throw LocalFault(
                    status: 501, code: "NotImplemented",
                    message: "A header you provided implies functionality that is not implemented",
                    details: [("Header", "If-None-Match")])
            }
            mustBeNew = true
        }
        etag = request.headers.first("if-match")
    }

    func check(_ present: StoredObject?) throws(LocalFault) {
        if mustBeNew, present != nil { throw Self.failed("If-None-Match") }
        guard let etag else { return }
        guard let present else {
            throw LocalFault(status: 404, code: "NoSuchKey", message: "The specified key does not exist.")
        }
        guard etag == "*" || etag.filter({ $0 != "\"" }) == present.etag.filter({ $0 != "\"" }) else {
            throw Self.failed("If-Match")
        }
    }

    static func failed(_ condition: String) -> LocalFault {
        LocalFault(
            status: 412, code: "PreconditionFailed",
            message: "At least one of the pre-conditions you specified did not hold",
            details: [("Condition", condition)])
    }
}

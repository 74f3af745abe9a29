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
    let tags: ObjectTags
    /// Milliseconds.
    let modifiedAt: Int64

    init(_ row: borrowing Row) throws {
        id = try row.uuid("id")
        size = try row.int("size")
        etag = "\"" + (try row.text("etag")) + "\""
        headers = try StoredHeaders(try row.json("headers"))
        tags = try ObjectTags(json: try row.json("tags"))
        modifiedAt = try row.milliseconds("modified_at")
    }

    static func find(_ bucket: String, _ key: String, _ database: inout Connection) throws -> StoredObject? {
        try database.row(
            """
            SELECT id, size, etag, headers, tags, modified_at FROM objects WHERE bucket = \(bucket) AND key = \(key)
            """
        ) { try StoredObject($0) }
    }

    /// The file of a row can go while we look: then there is a newer row, or none. 404 for none.
    static func open(
        _ target: S3Target, _ files: ObjectFiles, _ access: CallerAccess, _ database: inout Connection
    ) throws -> (StoredObject, OpenedFile) {
        for _ in 0..<5 {
            guard let object = try find(target.bucket, target.key, &database) else { break }
            if let file = try files.find(object.id) { return (object, file) }
        }
        throw try missing(target, access, &database)
    }

    /// The bucket, or the key in it, is not there.
    static func missing(
        _ target: S3Target, _ access: CallerAccess, _ database: inout Connection
    ) throws -> LocalFault {
        try Buckets.require(target.bucket, &database)
        // Who may not list a bucket does not learn what is missing in it.
        try access.require([Permission("s3:ListBucket", S3Operation.arn(target.bucket))])
        return LocalFault(
            status: 404, code: "NoSuchKey", message: "The specified key does not exist.",
            details: [("Key", target.key)])
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
    var tags = ObjectTags()
    var condition = WriteCondition()

    /// In a transaction: answers the file, if any, that the object had until now, and the object's time in milliseconds.
    @discardableResult
    func insert(_ database: inout Connection) throws -> (replaced: [UUID], modifiedAt: Int64) {
        // One writer a key at a time, so that each sees what the other replaced.
        try database.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(bucket)::text || '/' || \(key), 1))")
        let present = try StoredObject.find(bucket, key, &database)
        try condition.check(present)
        let modifiedAt = try database.row(
            """
            INSERT INTO objects (bucket, key, id, size, etag, headers, tags)
            VALUES (\(bucket), \(key), \(id), \(size), \(etag), \(headers.json), \(tags.json))
            ON CONFLICT (bucket, key) DO UPDATE SET id = excluded.id, size = excluded.size, etag = excluded.etag,
                headers = excluded.headers, tags = excluded.tags, modified_at = excluded.modified_at
            RETURNING modified_at
            """
        ) { try $0.milliseconds("modified_at") }
        return (present.map { [$0.id] } ?? [], modifiedAt ?? 0)
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

import FoundationEssentials
import HTTP
import PostgreSQL

/// A row of `uploads`: an object that comes in parts.
struct Upload: Sendable {
    let id: String
    let headers: StoredHeaders
    let tags: ObjectTags
    let checksum: UploadChecksum?

    init(_ row: borrowing Row) throws {
        id = try row.text("id")
        headers = try StoredHeaders(try row.json("headers"))
        tags = try ObjectTags(json: try row.json("tags"))
        let kind = try row.textOptional("checksum").flatMap { ChecksumKind(name: $0) }
        let isComposite = try row.bool("is_composite")
        checksum = kind.map { UploadChecksum(kind: $0, isComposite: isComposite) }
    }

    /// The one that the request names, if it is this bucket's and key's.
    static func require(_ call: S3Call, _ database: inout Connection) throws -> Upload {
        let id = try call.query("uploadId") ?? ""
        let found = try database.row(
            """
            SELECT id, headers, tags, checksum, is_composite FROM uploads
            WHERE id = \(id) AND bucket = \(call.bucket) AND key = \(call.key)
            """
        ) { try Upload($0) }
        guard let found else { throw missing(id) }
        return found
    }

    /// In a transaction: nobody else changes the upload until its end.
    func lock(_ database: inout Connection) throws {
        let found = try database.row("SELECT true FROM uploads WHERE id = \(id) FOR UPDATE") { try $0.bool(0) }
        guard found == true else { throw Self.missing(id) }
    }

    /// Answers the files of its parts, which nothing names any more after this transaction.
    func remove(_ database: inout Connection) throws -> [UUID] {
        let ids = try database.rows("DELETE FROM parts WHERE upload = \(id) RETURNING id") { try $0.uuid(0) }
        try database.execute("DELETE FROM uploads WHERE id = \(id)")
        return ids
    }

    private static func missing(_ id: String) -> LocalFault {
        LocalFault(
            status: 404, code: "NoSuchUpload",
            message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                + "aborted or completed.", details: [("UploadId", id)])
    }
}

import FoundationEssentials
import PostgreSQL

/// A row of `parts`.
struct UploadPart: Sendable {
    let number: Int
    let id: UUID
    let size: Int
    /// Without quotation marks.
    let etag: String
    /// The upload's own, or the one that it came with; base64.
    let checksum: String?
    let modifiedAt: Int64

    /// In order of number, behind `after`.
    static func all(
        of upload: String, after: Int = 0, limit: Int = 10_000, _ database: inout Connection
    ) throws -> [UploadPart] {
        try database.rows(
            """
            SELECT number, id, size, etag, checksum, modified_at FROM parts
            WHERE upload = \(upload) AND number > \(after) ORDER BY number LIMIT \(limit)
            """
        ) { row in
            UploadPart(
                number: try row.int("number"), id: try row.uuid("id"), size: try row.int("size"),
                etag: try row.text("etag"), checksum: try row.textOptional("checksum"),
                modifiedAt: try row.milliseconds("modified_at"))
        }
    }
}

import IAMPolicy
import JSON
import PostgreSQL

/// A bucket's own policy.
enum BucketPolicy {
    /// No row: no bucket.
    static func query(_ bucket: String) -> SQL { "SELECT policy FROM buckets WHERE name = \(bucket)" }

    static func read(_ row: borrowing Row) throws -> PolicyDocument? {
        try row.jsonOptional("policy").map { try PolicyDocument($0.bytes, as: .resource) }
    }
}

import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Where an upload that goes straight to the bucket goes, and who signs for it.
struct BucketUpload {
    let id: UUID
    let owner: UUID
    let credential: UUID
    let region: String
    let bucket: String
    /// `{prefix}uploads/{id}`: once a form was issued, as it was then.
    let key: String
    /// Nil where it was announced without.
    let size: Int64?
    let most: Int64
    let sha256: [UInt8]?
    let state: String
    /// Of a list: what was made of it.
    let stored: StoredList?

    var keys: [String] { [key] + (stored?.keys.filter { $0 != key } ?? []) }

    /// What the signed form lets pass.
    var sizes: ClosedRange<Int64> { size.map { $0...$0 } ?? 1...max(1, most) }

    /// No job has named it.
    var isUnused: Bool { state == "open" || state == "complete" }

    var use: SecretUse {
        SecretUse(
            person: owner, purpose: "upload", reach: .object(bucket: bucket, key: key),
            detail: [.init("upload", .string(id.lower))])
    }
}

extension Connection {
    /// Signed with the environment's credential, or the owner's own of its account; nil when there is neither.
    mutating func bucketUpload(_ id: UUID) throws -> BucketUpload? {
        try row(
            """
            SELECT u.id, u.owner, u.size, u.sha256, u.state, e.region, e.io_bucket,
                least(e.max_upload_bytes, (p.limits->>'uploadBytes')::bigint) AS max_upload_bytes,
                u.elements->'stored' AS stored,
                coalesce(u.key, e.prefix || 'uploads/' || u.id) AS key,
                coalesce(e.credential, automatic_credential(u.owner, e.account)) AS credential
            FROM uploads u JOIN environments e ON e.id = u.environment JOIN people p ON p.id = u.owner
            WHERE u.id = \(id)
            """
        ) { row -> BucketUpload? in
            guard let credential = try row.uuidOptional("credential") else { return nil }
            return BucketUpload(
                id: try row.uuid("id"), owner: try row.uuid("owner"), credential: credential,
                region: try row.text("region"), bucket: try row.text("io_bucket"), key: try row.text("key"),
                size: try row.value("size"), most: try row.value("max_upload_bytes"),
                sha256: try row.bytesOptional("sha256"), state: try row.text("state"),
                stored: StoredList(row, "stored"))
        } ?? nil
    }
}

extension PresignTask {
    static let formSeconds = 3600

    /// A form that takes a file to the upload's own key: of the announced size, or up to what the environment allows.
    static func uploadForm(
        _ question: Question, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> JSONValue {
        guard let id = question.upload, let upload = try bench.database.bucketUpload(id),
            upload.owner == question.person, upload.state == "open"
        else { throw Refusal.notFound }
        let key = try bench.openCredential(upload.credential, for: upload.use)
        let form = try bench.aws.presignPost(
            bucket: upload.bucket, key: upload.key, seconds: formSeconds, sizes: upload.sizes,
            redirect: question.returnTo, by: key, in: upload.region)
        try bench.write(for: task) { database in
            try database.execute("UPDATE uploads SET key = \(upload.key) WHERE id = \(id) AND state = 'open'")
        }
        return [
            "url": .string(form.url), "fields": .object(form.fields.map { .init($0.name, .string($0.value)) }),
            "expiresAt": Instant(form.expiresAt).json,
        ]
    }
}

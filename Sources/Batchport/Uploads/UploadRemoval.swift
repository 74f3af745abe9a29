import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Uploads that no job has taken by their time.
enum UploadRemoval {
    static let kind = TaskKind("removeUpload", run: run)

    /// First the object, then the row: without its row nobody would find the object.
    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("upload")
        guard let upload = try bench.database.bucketUpload(id), upload.isUnused else { return .done }
        do {
            let key = try bench.openCredential(upload.credential, for: upload.use)
            _ = try bench.aws.delete(bucket: upload.bucket, keys: upload.keys, by: key, in: upload.region)
        } catch let trouble as CredentialTrouble {
            return .discard(reason: trouble.sentence)
        }
        try bench.write(for: task) { database in
            try database.execute(
                "DELETE FROM uploads WHERE id = \(id) AND state IN ('open', 'complete') AND expires_at < now()")
        }
        return .done
    }
}

extension Connection {
    /// What lies in our rows goes at once; what lies in a bucket has a task of its own.
    mutating func removeExpiredUploads() throws {
        try execute("DELETE FROM uploads WHERE expires_at < now() AND state IN ('open', 'complete') AND key IS NULL")
        let rest = try rows(
            """
            SELECT id FROM uploads WHERE expires_at < now() AND state IN ('open', 'complete') ORDER BY expires_at LIMIT 100
            """
        ) { try $0.uuid("id") }
        for id in rest { try enqueue(UploadRemoval.kind.name, ["upload": .string(id.lower)], for: id) }
    }
}

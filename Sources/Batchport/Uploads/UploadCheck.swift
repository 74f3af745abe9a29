import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// Whether a file that went straight to the bucket has arrived: its object is there, with the announced size.
enum UploadCheck {
    static let kind = TaskKind("checkUpload", lane: .interactive, run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("upload")
        guard let upload = try bench.database.bucketUpload(id), upload.state == "open" else { return .done }
        let key: AWSCredentials
        do { key = try bench.openCredential(upload.credential, for: upload.use) } catch is CredentialTrouble {
            return .done
        }
        do {
            let head = try bench.aws.head(bucket: upload.bucket, key: upload.key, by: key, in: upload.region)
            guard head.size == upload.size else { return .done }
        } catch {
            guard error.isDefinite else { throw error }
            return .done
        }
        try bench.write(for: task) { database in
            try database.execute(
                "UPDATE uploads SET state = 'complete' WHERE id = \(id) AND state = 'open' AND key IS NOT NULL")
        }
        return .done
    }
}

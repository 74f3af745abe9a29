import AWS
import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whether a file that went straight to the bucket has arrived. Somebody waits for this; reading it is another task.
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
            guard upload.sizes.contains(head.size) else { return .done }
        } catch {
            guard error.isDefinite else { throw error }
            return .done
        }
        try bench.write(for: task) { database in
            let arrived = try database.execute(
                "UPDATE uploads SET arrived_at = now() WHERE id = \(id) AND state = 'open' AND key IS NOT NULL")
            if arrived == 1 {
                try database.enqueue(UploadReading.kind.name, ["upload": .string(id.lower)], for: id)
            }
        }
        return .done
    }
}

/// Reads a file that has arrived, once, for its SHA-256 and for what it is as a list of elements: S3's own word on a
/// posted file is none that can be compared.
enum UploadReading {
    static let kind = TaskKind("readUpload", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("upload")
        guard let upload = try bench.database.bucketUpload(id), upload.state == "open" else { return .done }
        do {
            let key = try bench.openCredential(upload.credential, for: upload.use)
            let (size, digest, elements) = try read(upload, by: key, &bench)
            if let announced = upload.sha256, announced != digest {
                _ = try bench.aws.delete(bucket: upload.bucket, keys: [upload.key], by: key, in: upload.region)
                let trouble = "The file's SHA-256 is \(hex(digest)), not the one announced: it was removed again."
                try bench.write(for: task) { try $0.refuseUpload(id, trouble) }
                return .done
            }
            try bench.write(for: task) { database in
                try database.execute(
                    """
                    UPDATE uploads SET state = 'complete', size = \(size), sha256 = \(digest), trouble = NULL,
                        elements = \(elements.text)::jsonb, expires_at = now() + interval '1 day'
                    WHERE id = \(id) AND state = 'open'
                    """)
            }
            return .done
        } catch let trouble as CredentialTrouble {
            try bench.write(for: task) { try $0.refuseUpload(id, trouble.sentence) }
            return .done
        } catch let error as AWSError {
            guard error.isDefinite else { throw error }
            try bench.write(for: task) { try $0.refuseUpload(id, error.sentence) }
            return .done
        }
    }

    private static func read(
        _ upload: BucketUpload, by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> (size: Int64, digest: [UInt8], elements: JSONValue) {
        var hasher = SHA256Hasher()
        var scan = UploadScan(try bench.database.arrayLimits().elements)
        var size: Int64 = 0
        let stop = bench.stop
        try bench.aws.get(bucket: upload.bucket, key: upload.key, by: key, in: upload.region) { chunk in
            try stop.check()
            hasher.update(chunk)
            try scan.feed(chunk)
            size += Int64(chunk.count)
        }
        return (size, hasher.finish(), try scan.finish())
    }
}

extension Connection {
    fileprivate mutating func refuseUpload(_ id: UUID, _ trouble: String) throws {
        try execute("UPDATE uploads SET arrived_at = NULL, trouble = \(trouble) WHERE id = \(id) AND state = 'open'")
    }

    /// Whether a file has come to the bucket is the worker's to see.
    mutating func lookForUpload(_ id: UUID) throws {
        try enqueue(UploadCheck.kind.name, ["upload": .string(id.lower)], for: id, lane: .interactive)
    }
}

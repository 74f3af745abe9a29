import AWS
import Cryptography
import JobManifest

/// An object that is written as its bytes come: whole if it is small, else in parts of 8 MiB.
final class ObjectWriter {
    let key: String
    private let contentType: String
    private(set) var size = 0
    private var waiting: [UInt8] = []
    private var hasher = SHA256Hasher()
    private var upload: MultipartUpload?
    private var etags: [String] = []

    init(key: String, contentType: String = "application/octet-stream") {
        self.key = key
        self.contentType = contentType
    }

    func add(_ bytes: [UInt8]) {
        waiting += bytes
        size += bytes.count
        hasher.update(bytes)
    }

    /// Sends what makes whole parts.
    func flush(_ job: Submission, by credentials: AWSCredentials, _ bench: inout Workbench) throws {
        try flush(bucket: job.bucket, region: job.region, by: credentials, &bench)
    }

    func finish(
        _ job: Submission, by credentials: AWSCredentials, _ bench: inout Workbench
    ) throws -> StoredObject {
        try finish(bucket: job.bucket, region: job.region, by: credentials, &bench)
    }

    func flush(
        bucket: String, region: String, by credentials: AWSCredentials, _ bench: inout Workbench
    ) throws {
        while waiting.count >= UploadPieces.partSize {
            let open =
                try upload
                ?? bench.aws.createMultipartUpload(
                    bucket: bucket, key: key, contentType: contentType, by: credentials, in: region)
            upload = open
            etags.append(
                try bench.aws.uploadPart(
                    Array(waiting.prefix(UploadPieces.partSize)), number: etags.count + 1, of: open, by: credentials,
                    in: region))
            waiting.removeFirst(UploadPieces.partSize)
        }
    }

    func finish(
        bucket: String, region: String, by credentials: AWSCredentials, _ bench: inout Workbench
    ) throws -> StoredObject {
        try flush(bucket: bucket, region: region, by: credentials, &bench)
        if let upload {
            if !waiting.isEmpty {
                etags.append(
                    try bench.aws.uploadPart(
                        waiting, number: etags.count + 1, of: upload, by: credentials, in: region))
            }
            try bench.aws.completeMultipartUpload(upload, etags: etags, by: credentials, in: region)
        } else {
            try bench.aws.put(
                waiting, bucket: bucket, key: key, contentType: contentType, by: credentials, in: region)
        }
        return StoredObject(key: key, size: size, sha256: hex(hasher.finish()))
    }
}

import HTTP

/// S3's operations that are served here, named as AWS names them.
enum S3Operation: String, Sendable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case deleteBucket = "DeleteBucket"
    case bucketLocation = "GetBucketLocation"
    case list = "ListObjectsV2"
    case put = "PutObject"
    case get = "GetObject"
    case head = "HeadObject"
    case delete = "DeleteObject"
    case deleteMany = "DeleteObjects"
    case createUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case completeUpload = "CompleteMultipartUpload"
    case abortUpload = "AbortMultipartUpload"
    case listParts = "ListParts"
    case listUploads = "ListMultipartUploads"
    case post = "PostObject"

    /// Nil for what is not served: a sub-resource or a variant that would otherwise be taken for something else.
    init?(_ request: Request, _ target: S3Target) {
        let names = Set(request.query.items.map(\.name))
        let shape = names.filter { Self.shaping.contains($0) }.sorted()
        guard names.isDisjoint(with: Self.unserved), request.headers.first("x-amz-copy-source") == nil else {
            return nil
        }
        let level = target.bucket.isEmpty ? "service" : target.key.isEmpty ? "bucket" : "object"
        let words = [request.method, level] + shape
        guard let operation = Self.table[words.joined(separator: " ")] else { return nil }
        self = operation
    }

    private static let shaping: Set = [
        "delete", "uploads", "uploadId", "partNumber", "list-type", "location",
    ]
    private static let unserved: Set = [
        "abac", "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "logging", "metadataConfiguration", "metadataTable", "metrics",
        "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "renameObject",
        "replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent",
        "versionId", "versioning", "versions", "website",
    ]
    private static let table: [String: S3Operation] = [
        "GET service": .listBuckets,
        "PUT bucket": .createBucket,
        "HEAD bucket": .headBucket,
        "DELETE bucket": .deleteBucket,
        "GET bucket location": .bucketLocation,
        "GET bucket list-type": .list,
        "GET bucket uploads": .listUploads,
        "POST bucket delete": .deleteMany,
        "POST bucket": .post,
        "PUT object": .put,
        "GET object": .get,
        "HEAD object": .head,
        "DELETE object": .delete,
        "POST object uploads": .createUpload,
        "PUT object partNumber uploadId": .uploadPart,
        "POST object uploadId": .completeUpload,
        "DELETE object uploadId": .abortUpload,
        "GET object uploadId": .listParts,
    ]
}

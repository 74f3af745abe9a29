import HTTP

/// S3's operations that are served here, named as AWS names them.
enum S3Operation: String, Sendable, CaseIterable {
    case listBuckets = "ListBuckets"
    case createBucket = "CreateBucket"
    case headBucket = "HeadBucket"
    case deleteBucket = "DeleteBucket"
    case bucketLocation = "GetBucketLocation"
    case list = "ListObjectsV2"
    case listFirst = "ListObjects"
    case put = "PutObject"
    case copy = "CopyObject"
    case get = "GetObject"
    case head = "HeadObject"
    case delete = "DeleteObject"
    case deleteMany = "DeleteObjects"
    case createUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case copyPart = "UploadPartCopy"
    case completeUpload = "CompleteMultipartUpload"
    case abortUpload = "AbortMultipartUpload"
    case listParts = "ListParts"
    case listUploads = "ListMultipartUploads"
    case getTags = "GetObjectTagging"
    case putTags = "PutObjectTagging"
    case deleteTags = "DeleteObjectTagging"
    case post = "PostObject"

    /// Nil for what is not served: a sub-resource or a variant that would otherwise be taken for something else.
    init?(_ request: Request, _ target: S3Target) {
        let names = Set(request.query.items.map(\.name))
        let shape = names.filter { Self.shaping.contains($0) }.sorted()
        guard names.isDisjoint(with: Self.unserved) else { return nil }
        // A condition that was not looked at would delete what it is to protect.
        guard request.method != "DELETE" || request.headers.first("if-match") == nil else { return nil }
        let level = target.bucket.isEmpty ? "service" : target.key.isEmpty ? "bucket" : "object"
        let copy = request.headers.first("x-amz-copy-source") == nil ? [] : ["copy"]
        let words = [request.method, level] + copy + shape
        guard let operation = Self.table[words.joined(separator: " ")] else { return nil }
        self = operation
    }

    private static let shaping: Set = [
        "delete", "uploads", "uploadId", "partNumber", "list-type", "location", "tagging",
    ]
    private static let unserved: Set = [
        "abac", "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "logging", "metadataConfiguration", "metadataTable", "metrics",
        "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "renameObject", "replication", "requestPayment", "restore", "retention", "select", "session", "torrent",
        "versionId", "versioning", "versions", "website",
    ]
    private static let table: [String: S3Operation] = [
        "GET service": .listBuckets,
        "PUT bucket": .createBucket,
        "HEAD bucket": .headBucket,
        "DELETE bucket": .deleteBucket,
        "GET bucket location": .bucketLocation,
        "GET bucket": .listFirst,
        "GET bucket list-type": .list,
        "GET bucket uploads": .listUploads,
        "POST bucket delete": .deleteMany,
        "POST bucket": .post,
        "PUT object": .put,
        "PUT object copy": .copy,
        "GET object": .get,
        "HEAD object": .head,
        "DELETE object": .delete,
        "POST object uploads": .createUpload,
        "PUT object partNumber uploadId": .uploadPart,
        "PUT object copy partNumber uploadId": .copyPart,
        "POST object uploadId": .completeUpload,
        "DELETE object uploadId": .abortUpload,
        "GET object uploadId": .listParts,
        "GET object tagging": .getTags,
        "PUT object tagging": .putTags,
        "DELETE object tagging": .deleteTags,
    ]
}

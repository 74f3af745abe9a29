import HTTP

extension S3Operation {
    /// What a request needs to be allowed to do. Of DeleteObjects each key is asked about by itself, and of
    /// copies their source.
    func permissions(_ target: S3Target, _ request: Request) -> [Permission] {
        let (bucket, object) = (Self.arn(target.bucket), Self.arn(target.bucket, target.key))
        return switch self {
        case .listBuckets: [Permission("s3:ListAllMyBuckets", "*")]
        case .createBucket: [Permission("s3:CreateBucket", bucket)]
        case .headBucket: [Permission("s3:ListBucket", bucket)]
        case .deleteBucket: [Permission("s3:DeleteBucket", bucket)]
        case .bucketLocation: [Permission("s3:GetBucketLocation", bucket)]
        case .list, .listFirst: [Permission("s3:ListBucket", bucket, Self.listing(request))]
        case .listUploads: [Permission("s3:ListBucketMultipartUploads", bucket, Self.listing(request))]
        case .put, .createUpload, .copy:
            [Permission("s3:PutObject", object)]
                + (request.headers.first("x-amz-tagging") == nil ? [] : [Permission("s3:PutObjectTagging", object)])
        case .uploadPart, .copyPart, .completeUpload, .post: [Permission("s3:PutObject", object)]
        case .getTags: [Permission("s3:GetObjectTagging", object)]
        case .putTags: [Permission("s3:PutObjectTagging", object)]
        case .deleteTags: [Permission("s3:DeleteObjectTagging", object)]
        case .get, .head: [Permission("s3:GetObject", object)]
        case .delete: [Permission("s3:DeleteObject", object)]
        case .abortUpload: [Permission("s3:AbortMultipartUpload", object)]
        case .listParts: [Permission("s3:ListMultipartUploadParts", object)]
        case .deleteMany: []
        }
    }

    static func arn(_ bucket: String) -> String { "arn:aws:s3:::\(bucket)" }
    static func arn(_ bucket: String, _ key: String) -> String { "arn:aws:s3:::\(bucket)/\(key)" }

    /// A prefix that is not there counts as an empty one.
    private static func listing(_ request: Request) -> [String: [String]] {
        var context = ["s3:prefix": [request.query.all("prefix").first ?? ""]]
        for name in ["delimiter", "max-keys"] {
            context["s3:\(name)"] = request.query.all(name).first.map { [$0] }
        }
        return context
    }
}

import HTTP
import PostgreSQL

/// Which function answers which operation.
enum S3Service {
    static let namespace: StaticString = "http://s3.amazonaws.com/doc/2006-03-01/"

    static func answer(
        _ operation: S3Operation, _ call: S3Call, _ body: inout RequestBody, _ database: inout Connection
    ) throws -> Response {
        switch operation {
        case .listBuckets: try BucketList.answer(call, &database)
        case .createBucket: try Buckets.create(call, &body, &database)
        case .headBucket: try Buckets.head(call, &database)
        case .deleteBucket: try Buckets.delete(call, &database)
        case .bucketLocation: try Buckets.location(call, &database)
        case .list: try ListObjects.second(call, &database)
        case .listFirst: try ListObjects.first(call, &database)
        case .put: try PutObject.put(call, &body, &database)
        case .copy: try CopyObject.answer(call, &database)
        case .get, .head: try GetObject.answer(call, &database)
        case .delete: try DeleteObjects.one(call, &database)
        case .deleteMany: try DeleteObjects.many(call, &body, &database)
        case .createUpload: try MultipartUpload.create(call, &body, &database)
        case .uploadPart: try MultipartUpload.part(call, &body, &database)
        case .copyPart: try MultipartUpload.copyPart(call, &database)
        case .completeUpload: try CompleteUpload.answer(call, &body, &database)
        case .abortUpload: try MultipartUpload.abort(call, &database)
        case .listParts: try ListUploads.parts(call, &database)
        case .listUploads: try ListUploads.uploads(call, &database)
        case .getTags: try Tagging.get(call, &database)
        case .putTags: try Tagging.put(call, &body, &database)
        case .deleteTags: try Tagging.delete(call, &database)
        case .post: throw LocalService.s3.anonymous
        }
    }
}

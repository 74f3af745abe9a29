internal import Cryptography
internal import HTTP
internal import HTTPClient

package struct ListedObject: Sendable, Equatable {
    package let key: String
    package let size: Int64
    package let etag: String?
    /// Milliseconds since the epoch.
    package let lastModified: Int64?
}

package struct ObjectList: Sendable, Equatable {
    /// In the keys' byte order, at most 1,000.
    package let objects: [ListedObject]
    /// Nil at the end.
    package let continuation: String?
}

extension AWSClient {
    /// A page of the bucket's objects below `prefix`: from the start, behind the key `startAfter`, or where
    /// `continuation` (of a page before) left off.
    package mutating func list(
        bucket: String, prefix: String, startAfter: String? = nil, continuation: String? = nil, limit: Int = 1000,
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> ObjectList {
        var query: [(String, String?)] = [
            ("list-type", "2"), ("encoding-type", "url"), ("max-keys", String(limit)), ("prefix", prefix),
        ]
        if let continuation { query.append(("continuation-token", continuation)) }
        if let startAfter, continuation == nil { query.append(("start-after", startAfter)) }
        let call = Call.s3("ListObjectsV2", "GET", bucket: bucket, query: query)
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(ListBucketResult.self, response.body) else {
            throw call.unreadable("It is not a ListBucketResult.")
        }
        let isEncoded = document.encodingType == "url"
        let objects = try (document.contents ?? []).map { entry throws(AWSError) in
            // A server's plus sign is a blank: S3 encodes like a form.
            let key = isEncoded ? percentDecode(entry.key[...], plusIsBlank: true) : entry.key
            guard let key else { throw call.unreadable("A key is not percent-encoded UTF-8.") }
            return ListedObject(
                key: key, size: entry.size, etag: entry.eTag,
                lastModified: entry.lastModified.flatMap(AmzDate.parseDashed))
        }
        return ObjectList(
            objects: objects, continuation: document.isTruncated == true ? document.nextContinuationToken : nil)
    }

    /// Deletes at most 1,000 objects; one that is not there counts as deleted. Answers the keys that are still there,
    /// each with S3's code.
    package mutating func delete(
        bucket: String, keys: [String], by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [(key: String, code: String)] {
        guard !keys.isEmpty else { return [] }
        var call = Call.s3("DeleteObjects", "POST", bucket: bucket, query: [("delete", nil)])
        guard keys.count <= 1000 else { throw call.failure("BadArgument", "DeleteObjects takes at most 1,000 keys.") }
        let entries = keys.map { "<Object><Key>\(XMLText.escaped($0))</Key></Object>" }.joined()
        let body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(entries)<Quiet>true</Quiet></Delete>"
        call.setBody(Array(body.utf8), "application/xml")
        var md5 = MD5Hasher()
        md5.update(Array(body.utf8))
        call.headers.append(("content-md5", base64(md5.finish())))
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(DeleteResult.self, response.body) else {
            throw call.unreadable("It is not a DeleteResult.")
        }
        return (document.error ?? []).map { ($0.key, $0.code) }
    }
}

private struct ListBucketResult: Decodable {
    struct Entry: Decodable {
        let key: String
        let size: Int64
        let eTag: String?
        let lastModified: String?
    }

    let isTruncated: Bool?
    let nextContinuationToken: String?
    let encodingType: String?
    let contents: [Entry]?
}

private struct DeleteResult: Decodable {
    struct Entry: Decodable {
        let key: String
        let code: String
    }

    let error: [Entry]?
}

internal import Cryptography
internal import HTTP
internal import HTTPClient

/// What is known of an object without its bytes.
package struct ObjectHead: Sendable, Equatable {
    package let size: Int64
    /// With its quotes.
    package let etag: String?
    package let contentType: String?
    /// Milliseconds since the epoch.
    package let lastModified: Int64?
}

extension AWSClient {
    /// Writes a small object; answers its ETag.
    @discardableResult
    package mutating func put(
        _ bytes: [UInt8], bucket: String, key: String, contentType: String = "application/octet-stream",
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> String? {
        var call = Call.s3("PutObject", "PUT", bucket: bucket, key: key)
        call.setBody(bytes, contentType)
        return try answer(call, credentials, region).headers.first("etag")
    }

    /// Writes an object of `size` bytes whose SHA-256 (hexadecimal) is known beforehand, up to 5 GB. `read` answers at
    /// least one and at most `max` bytes from `offset` on, and is asked from 0 again for another attempt.
    @discardableResult
    package mutating func put(
        size: Int64, sha256: String, bucket: String, key: String, contentType: String = "application/octet-stream",
        by credentials: AWSCredentials, in region: String, read: (_ offset: Int64, _ max: Int) throws -> [UInt8]
    ) throws -> String? {
        try withoutActuallyEscaping(read) { read in
            var call = Call.s3("PutObject", "PUT", bucket: bucket, key: key)
            call.body = .stream(length: size, read: read)
            call.bodyHash = sha256
            call.headers = [("content-type", contentType)]
            call.isTransfer = true
            return try answer(call, credentials, region, receive: nil).headers.first("etag")
        }
    }

    /// The object's bytes, or those of `range`; more than `maxBytes` is an error.
    package mutating func get(
        bucket: String, key: String, range: ClosedRange<Int64>? = nil, maxBytes: Int,
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [UInt8] {
        var call = Call.get(bucket, key, range)
        call.maxResponseBytes = Int64(maxBytes)
        return try answer(call, credentials, region).body
    }

    /// The object's bytes piece by piece, in order; with a range, the answered `size` is the range's. What `receive`
    /// throws ends it and is thrown; after the first piece nothing is retried.
    @discardableResult
    package mutating func get(
        bucket: String, key: String, range: ClosedRange<Int64>? = nil, by credentials: AWSCredentials,
        in region: String, into receive: (_ chunk: [UInt8]) throws -> Void
    ) throws -> ObjectHead {
        var call = Call.get(bucket, key, range)
        call.maxResponseBytes = .max
        call.isTransfer = true
        let response = try withoutActuallyEscaping(receive) { receive in
            try answer(call, credentials, region, receive: receive)
        }
        return ObjectHead(response.headers)
    }

    /// A missing object is `.isNotFound`, or `.isAccessDenied` where the key may not list the bucket.
    package mutating func head(
        bucket: String, key: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> ObjectHead {
        ObjectHead(
            try answer(.s3("HeadObject", "HEAD", bucket: bucket, key: key), credentials, region).headers)
    }
}

extension Call {
    fileprivate static func get(_ bucket: String, _ key: String, _ range: ClosedRange<Int64>?) -> Call {
        var call = Call.s3("GetObject", "GET", bucket: bucket, key: key)
        if let range { call.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound)")] }
        return call
    }
}

extension ObjectHead {
    fileprivate init(_ headers: Headers) {
        size = headers.first("content-length").flatMap { Int64($0) } ?? 0
        etag = headers.first("etag")
        contentType = headers.first("content-type")
        lastModified = headers.first("last-modified").flatMap(HTTPDate.parse).map { $0 * 1000 }
    }
}

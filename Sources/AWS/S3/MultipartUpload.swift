internal import HTTP
internal import HTTPClient

/// One upload in parts (each 5 MiB to 5 GiB, the last any size; at most 10,000).
package struct MultipartUpload: Sendable, Equatable {
    package let bucket: String
    package let key: String
    package let id: String

    package init(bucket: String, key: String, id: String) {
        self.bucket = bucket
        self.key = key
        self.id = id
    }
}

extension AWSClient {
    package mutating func createMultipartUpload(
        bucket: String, key: String, contentType: String = "application/octet-stream",
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> MultipartUpload {
        var call = Call.s3("CreateMultipartUpload", "POST", bucket: bucket, key: key, query: [("uploads", nil)])
        call.headers = [("content-type", contentType)]
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(InitiateResult.self, response.body), !document.uploadId.isEmpty else {
            throw call.unreadable("It has no UploadId.")
        }
        return MultipartUpload(bucket: bucket, key: key, id: document.uploadId)
    }

    /// `number` from 1; answers the part's ETag.
    package mutating func uploadPart(
        _ bytes: [UInt8], number: Int, of upload: MultipartUpload, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> String {
        let query: [(String, String?)] = [("partNumber", String(number)), ("uploadId", upload.id)]
        var call = Call.s3("UploadPart", "PUT", bucket: upload.bucket, key: upload.key, query: query)
        call.setBody(bytes, nil)
        call.isTransfer = true
        guard let etag = try answer(call, credentials, region).headers.first("etag") else {
            throw call.unreadable("It has no ETag.")
        }
        return etag
    }

    /// `etags` in the parts' order; answers the object's.
    @discardableResult
    package mutating func completeMultipartUpload(
        _ upload: MultipartUpload, etags: [String], by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> String? {
        var call = Call.s3(
            "CompleteMultipartUpload", "POST", bucket: upload.bucket, key: upload.key, query: [("uploadId", upload.id)])
        let parts = etags.enumerated().map { index, etag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLText.escaped(etag))</ETag></Part>"
        }
        let list = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())"
        call.setBody(Array("\(list)</CompleteMultipartUpload>".utf8), "application/xml")
        call.mayHideError = true
        call.isTransfer = true
        let response = try answer(call, credentials, region)
        return (try? XMLText.decode(CompleteResult.self, response.body))?.eTag
    }

    /// An upload that is not there (any more) is `.isNotFound`.
    package mutating func abortMultipartUpload(
        _ upload: MultipartUpload, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) {
        let call = Call.s3(
            "AbortMultipartUpload", "DELETE", bucket: upload.bucket, key: upload.key, query: [("uploadId", upload.id)])
        _ = try answer(call, credentials, region)
    }
}

private struct InitiateResult: Decodable {
    let uploadId: String
}

private struct CompleteResult: Decodable {
    let eTag: String?
}

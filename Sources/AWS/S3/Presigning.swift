internal import Cryptography
internal import HTTP
internal import HTTPClient
internal import JSON

/// A URL that is its own permission: never stored, never logged.
package struct PresignedURL: Sendable, Equatable {
    package let url: String
    /// Milliseconds since the epoch; earlier if the session that signed it ends.
    package let expiresAt: Int64
}

/// A form that a browser may post a file with, `file` as its last field.
package struct PresignedForm: Sendable {
    package let url: String
    package let fields: [(name: String, value: String)]
    /// Milliseconds since the epoch.
    package let expiresAt: Int64
}

extension AWSClient {
    /// Makes no call. `disposition` and `contentType` are what the answer's headers will say, whatever the object's own.
    package borrowing func presignGet(
        bucket: String, key: String, seconds: Int, disposition: String? = nil, contentType: String? = nil,
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> PresignedURL {
        var query: [(String, String?)] = []
        if let disposition { query.append(("response-content-disposition", disposition)) }
        if let contentType { query.append(("response-content-type", contentType)) }
        let call = Call.s3("GetObject", "GET", bucket: bucket, key: key, query: query)
        return try presign(call, seconds, credentials, region)
    }

    /// Makes no call. `headers` (for example `content-type`) must come with the upload exactly so.
    package borrowing func presignPut(
        bucket: String, key: String, seconds: Int, headers: [(name: String, value: String)] = [],
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> PresignedURL {
        var call = Call.s3("PutObject", "PUT", bucket: bucket, key: key)
        call.headers = headers
        return try presign(call, seconds, credentials, region)
    }

    /// Makes no call. Takes one file of `sizes` bytes for exactly this key; S3 then answers 204, or sends the browser on to
    /// `redirect`.
    package borrowing func presignPost(
        bucket: String, key: String, seconds: Int, sizes: ClosedRange<Int64>, contentType: String? = nil,
        redirect: String? = nil,
        by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> PresignedForm {
        let call = Call.s3("PostObject", "POST", bucket: bucket)
        let region = bucketRegions.region(of: bucket, asked: region)
        let address = try endpoints.address(of: call, region)
        let time = now() + clockOffset
        let signer = Signer(credentials, service: "s3", region: region, at: time)
        let expiresAt = min(time + Int64(seconds) * 1000, credentials.expiresAt ?? .max)
        var fields = [(name: "key", value: key)]
        if let contentType { fields.append(("Content-Type", contentType)) }
        if let redirect { fields.append(("success_action_redirect", redirect)) }
        fields += [
            ("x-amz-algorithm", SigV4.algorithm), ("x-amz-credential", signer.credential),
            ("x-amz-date", signer.timestamp),
        ]
        if let token = credentials.sessionToken { fields.append(("x-amz-security-token", token)) }
        let policy = Self.policy(bucket, fields, sizes, expiresAt)
        fields += [("policy", policy), ("x-amz-signature", signer.signature(of: policy))]
        return PresignedForm(
            url: "\(address.scheme)://\(address.host)\(address.path)", fields: fields, expiresAt: expiresAt)
    }

    private borrowing func presign(
        _ call: Call, _ seconds: Int, _ credentials: AWSCredentials, _ region: String
    ) throws(AWSError) -> PresignedURL {
        guard (1...604_800).contains(seconds) else {
            throw call.failure("BadArgument", "A presigned URL is good for 1 to 604,800 seconds.")
        }
        let region = bucketRegions.region(of: call.bucket, asked: region)
        let address = try endpoints.address(of: call, region)
        let time = now() + clockOffset
        let signer = Signer(credentials, service: "s3", region: region, at: time)
        let message = SigV4.Message(
            method: call.method, path: address.path, query: call.query,
            headers: [(name: "host", value: address.host)] + call.headers, bodyHash: SigV4.unsignedPayload)
        let query = signer.presignedQuery(for: message, seconds: seconds)
        return PresignedURL(
            url: "\(address.scheme)://\(address.host)\(address.path)?\(query)",
            expiresAt: min(time + Int64(seconds) * 1000, credentials.expiresAt ?? .max))
    }

    /// In base64, as it is signed. Each field must be sent exactly so.
    private static func policy(
        _ bucket: String, _ fields: [(name: String, value: String)], _ sizes: ClosedRange<Int64>, _ expiresAt: Int64
    ) -> String {
        let exact = ([("bucket", bucket)] + fields.map { ($0.name, $0.value) }).map { name, value in
            JSONValue.object([.init(name, .string(value))])
        }
        let range: JSONValue = [
            "content-length-range", JSONValue(sizes.lowerBound), JSONValue(sizes.upperBound),
        ]
        let document: JSONValue = [
            "expiration": .string(AmzDate.dashed(expiresAt)), "conditions": .array(exact + [range]),
        ]
        return base64(document.serialized())
    }
}

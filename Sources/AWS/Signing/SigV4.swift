internal import Cryptography

/// AWS Signature Version 4 as pure functions: same input, same output, time included. The client signs with them and
/// the local region verifies with them.
package enum SigV4 {
    package static let algorithm = "AWS4-HMAC-SHA256"
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"
    package static let emptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// What is signed of a request.
    package struct Message: Sendable {
        package var method: String
        /// As on the wire: encoded, nothing decoded or merged.
        package var path: String
        /// As on the wire, without `?`, and without `X-Amz-Signature`.
        package var query: String
        package var headers: [(name: String, value: String)]
        /// The body's SHA-256 in hexadecimal, or `UNSIGNED-PAYLOAD` and its kin.
        package var bodyHash: String

        package init(
            method: String, path: String, query: String = "", headers: [(name: String, value: String)],
            bodyHash: String = SigV4.emptyBodyHash
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.bodyHash = bodyHash
        }
    }

    package enum PathRule: Sendable {
        /// S3: the path stands as it was sent.
        case asSent
        /// All others: `.`, `..` and empty segments go, and what was sent is encoded once more.
        case normalized
    }

    /// Day, Region and service that a signature is good for.
    package struct Scope: Sendable, Equatable {
        /// `yyyyMMdd`
        package let day: String
        package let region: String
        package let service: String

        package init(day: String, region: String, service: String) {
            self.day = day
            self.region = region
            self.service = service
        }

        package var text: String { "\(day)/\(region)/\(service)/aws4_request" }
    }

    /// `signedHeaders` are lower-case names in byte order.
    package static func canonicalRequest(_ message: Message, signedHeaders: [String], path rule: PathRule) -> String {
        let headers = signedHeaders.map { "\($0):\(canonicalValue(of: $0, message.headers))\n" }.joined()
        return [
            message.method, canonicalPath(message.path, rule), canonicalQuery(message.query), headers,
            signedHeaders.joined(separator: ";"), message.bodyHash,
        ].joined(separator: "\n")
    }

    /// `timestamp` is `yyyyMMddTHHmmssZ`.
    package static func stringToSign(canonicalRequest: String, timestamp: String, scope: Scope) -> String {
        [algorithm, timestamp, scope.text, hex(sha256(Array(canonicalRequest.utf8)))].joined(separator: "\n")
    }

    /// For one chunk of a body sent as `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`; `previous` is the signature of the chunk
    /// before, or the request's own.
    package static func chunkToSign(
        sha256 chunkHash: String, previous: String, timestamp: String, scope: Scope
    ) -> String {
        ["\(algorithm)-PAYLOAD", timestamp, scope.text, previous, emptyBodyHash, chunkHash].joined(separator: "\n")
    }

    /// For the trailers behind such chunks (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`): `trailers` has a line
    /// `name:value\n` for each, `previous` is the signature of the last, empty chunk.
    package static func trailersToSign(
        _ trailers: String, previous: String, timestamp: String, scope: Scope
    ) -> String {
        ["\(algorithm)-TRAILER", timestamp, scope.text, previous, hex(sha256(Array(trailers.utf8)))]
            .joined(separator: "\n")
    }

    package static func signingKey(secretAccessKey: String, scope: Scope) -> [UInt8] {
        [scope.day, scope.region, scope.service, "aws4_request"].reduce(Array("AWS4\(secretAccessKey)".utf8)) {
            hmacSHA256(key: $0, Array($1.utf8))
        }
    }

    /// 64 hexadecimal digits. For a POST policy, `text` is the policy in base64.
    package static func signature(of text: String, key: [UInt8]) -> String {
        hex(hmacSHA256(key: key, Array(text.utf8)))
    }

    /// All but those that proxies and HTTP libraries change on the way; lower case, in byte order.
    package static func signableNames(_ headers: [(name: String, value: String)]) -> [String] {
        var names: [String] = []
        for name in headers.map({ $0.name.lowercased() }) where !unsigned.contains(name) && !names.contains(name) {
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static let unsigned: Set<String> = [
        "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    ]
}

import AWS
import HTTP

/// What a request says about its signature, before anything of it is believed.
struct SignatureClaim: Sendable {
    enum Form: Sendable, Equatable {
        case header
        /// Presigned, good for so many seconds.
        case query(seconds: Int)
    }

    let form: Form
    let scope: LocalScope
    /// `yyyyMMddTHHmmssZ`, and the same in milliseconds.
    let timestamp: String
    let signedAt: Int64
    /// Lower case, in byte order.
    let signedHeaders: [String]
    let signature: String
    let sessionToken: String?

    /// Nil where the request carries no signature.
    static func read(_ request: Request) throws(LocalFault) -> SignatureClaim? {
        if request.query.items.contains(where: { $0.name == "X-Amz-Algorithm" || $0.name == "X-Amz-Signature" }) {
            guard request.headers.first("authorization") == nil else {
                throw LocalFault(
                    code: "InvalidArgument",
                    message:
                        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
                        + "string parameter or the Authorization header should be specified")
            }
            return try query(request)
        }
        guard let line = request.headers.first("authorization") else {
            if request.query.items.contains(where: { $0.name == "AWSAccessKeyId" }) { throw otherMechanism }
            return nil
        }
        guard line.hasPrefix(SigV4.algorithm) else { throw otherMechanism }
        return try header(line.dropFirst(SigV4.algorithm.count), request)
    }

    private static func header(_ line: Substring, _ request: Request) throws(LocalFault) -> SignatureClaim {
        var parts: [Substring: Substring] = [:]
        for part in line.split(separator: ",") {
            let halves = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if halves.count == 2 { parts[halves[0]] = halves[1].prefix { $0 != " " } }
        }
        guard let credential = parts["Credential"], let scope = LocalScope(credential),
            let names = parts["SignedHeaders"], let signature = parts["Signature"]
        else { throw malformed(.header, "The authorization header that you provided is not valid.") }
        guard let timestamp = request.headers.first("x-amz-date"), let time = AmzDate.parse(timestamp) else {
            throw LocalFault(
                status: 403, code: "AccessDenied",
                message: "AWS authentication requires a valid Date or x-amz-date header")
        }
        return SignatureClaim(
            form: .header, scope: scope, timestamp: timestamp, signedAt: time,
            signedHeaders: names.split(separator: ";").map(String.init), signature: String(signature),
            sessionToken: request.headers.first("x-amz-security-token"))
    }

    private static func query(_ request: Request) throws(LocalFault) -> SignatureClaim {
        func one(_ name: String) throws(LocalFault) -> String {
            let found = request.query.all(name)
            guard found.count == 1, let value = found.first, !value.isEmpty else {
                throw malformed(
                    .query(seconds: 0),
                    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                        + "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
            }
            return value
        }
        guard try one("X-Amz-Algorithm") == SigV4.algorithm else {
            throw malformed(.query(seconds: 0), "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")
        }
        guard let scope = LocalScope(try one("X-Amz-Credential")[...]) else {
            throw malformed(
                .query(seconds: 0),
                "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                    + "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
        }
        guard let seconds = Int(try one("X-Amz-Expires")) else {
            throw malformed(.query(seconds: 0), "X-Amz-Expires should be a number")
        }
        guard seconds > 0 else { throw malformed(.query(seconds: 0), "X-Amz-Expires must be non-negative") }
        guard seconds <= 604_800 else {
            throw malformed(.query(seconds: 0), "X-Amz-Expires must be less than a week (in seconds)")
        }
        let timestamp = try one("X-Amz-Date")
        guard let time = AmzDate.parse(timestamp) else {
            throw malformed(
                .query(seconds: 0), "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        }
        return SignatureClaim(
            form: .query(seconds: seconds), scope: scope, timestamp: timestamp, signedAt: time,
            signedHeaders: try one("X-Amz-SignedHeaders").split(separator: ";").map(String.init),
            signature: try one("X-Amz-Signature"), sessionToken: request.query.all("X-Amz-Security-Token").first)
    }

    static func malformed(
        _ form: Form, _ message: String, _ details: [(name: StaticString, value: String)] = []
    ) -> LocalFault {
        LocalFault(
            code: form == .header ? "AuthorizationHeaderMalformed" : "AuthorizationQueryParametersError",
            message: message, details: details)
    }

    private static var otherMechanism: LocalFault {
        LocalFault(
            code: "InvalidRequest",
            message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
    }
}

internal import HTTP

/// Signs for one access key, Region and service at one moment.
package struct Signer: Sendable {
    private let credentials: AWSCredentials
    private let pathRule: SigV4.PathRule
    package let scope: SigV4.Scope
    /// `yyyyMMddTHHmmssZ`
    package let timestamp: String

    /// `milliseconds` since the epoch: the only clock reading that date and scope come from. `path` is the service's own
    /// rule unless said.
    package init(
        _ credentials: AWSCredentials, service: String, region: String, at milliseconds: Int64,
        path: SigV4.PathRule? = nil
    ) {
        self.credentials = credentials
        timestamp = AmzDate.text(milliseconds)
        scope = SigV4.Scope(day: String(timestamp.prefix(8)), region: region, service: service)
        pathRule = path ?? (service == AWSService.s3.rawValue ? .asSent : .normalized)
    }

    /// The fields to add: `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`. All of the
    /// message's own are signed, but for those of `SigV4.signableNames`.
    package func headers(for message: SigV4.Message) -> [(name: String, value: String)] {
        var added = [(name: "x-amz-date", value: timestamp)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        var message = message
        message.headers += added
        let names = SigV4.signableNames(message.headers)
        let value =
            "\(SigV4.algorithm) Credential=\(credential), SignedHeaders=\(names.joined(separator: ";")), "
            + "Signature=\(signature(of: message, names))"
        return added + [("authorization", value)]
    }

    /// The query that makes the URL work by itself for `seconds`, the message's own first. All of the message's headers
    /// must come with the request as they are.
    package func presignedQuery(for message: SigV4.Message, seconds: Int) -> String {
        let names = SigV4.signableNames(message.headers)
        var items = [
            ("X-Amz-Algorithm", SigV4.algorithm), ("X-Amz-Credential", credential), ("X-Amz-Date", timestamp),
            ("X-Amz-Expires", String(seconds)), ("X-Amz-SignedHeaders", names.joined(separator: ";")),
        ]
        if let token = credentials.sessionToken { items.append(("X-Amz-Security-Token", token)) }
        var message = message
        message.query = [message.query, encodedQuery(items)].filter { !$0.isEmpty }.joined(separator: "&")
        return message.query + "&X-Amz-Signature=\(signature(of: message, names))"
    }

    /// `KEY/DAY/REGION/SERVICE/aws4_request`
    package var credential: String { "\(credentials.accessKeyID)/\(scope.text)" }

    package func signature(of text: String) -> String {
        let key = SigV4.signingKey(secretAccessKey: credentials.secretAccessKey, scope: scope)
        return SigV4.signature(of: text, key: key)
    }

    private func signature(of message: SigV4.Message, _ names: [String]) -> String {
        let canonical = SigV4.canonicalRequest(message, signedHeaders: names, path: pathRule)
        return signature(of: SigV4.stringToSign(canonicalRequest: canonical, timestamp: timestamp, scope: scope))
    }
}

/// `a=1&b=2` with everything but unreserved characters encoded; a nil value leaves the name alone (`uploads`).
func encodedQuery(_ items: [(String, String?)]) -> String {
    items.map { name, value in percentEncode(name) + (value.map { "=" + percentEncode($0) } ?? "") }
        .joined(separator: "&")
}

func encodedQuery(_ items: [(String, String)]) -> String { encodedQuery(items.map { ($0, Optional($1)) }) }

import AWS
import FoundationEssentials
internal import HTTPClient
internal import JSON
internal import Processes

/// Where the runner's credentials come from, in the order of AWS's own SDKs:
/// 1. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if set, `AWS_SESSION_TOKEN`;
/// 2. `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, a path on 169.254.170.2: the job role's;
/// 3. `AWS_CONTAINER_CREDENTIALS_FULL_URI`: https, or a host of the machine itself; with
///    `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN` as the header Authorization.
///
/// Those of 2 and 3 are fetched again before they expire.
struct CredentialSource {
    private enum Origin {
        case fixed(AWSCredentials)
        case endpoint(String)
    }

    private let origin: Origin
    private let environment: [String: String]
    private var held: (credentials: AWSCredentials, expiresAt: Int64)?
    /// Milliseconds.
    private static let early: Int64 = 5 * 60 * 1000
    static let containerHost = "169.254.170.2"

    init(_ environment: [String: String]) throws(RunnerFault) {
        self.environment = environment
        if let id = environment.nonEmpty("AWS_ACCESS_KEY_ID"),
            let secret = environment.nonEmpty("AWS_SECRET_ACCESS_KEY")
        {
            let token = environment.nonEmpty("AWS_SESSION_TOKEN")
            origin = .fixed(AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
        } else if let path = environment.nonEmpty("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            origin = .endpoint("http://\(Self.containerHost)\(path)")
        } else if let url = environment.nonEmpty("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            origin = .endpoint(try Self.checked(url))
        } else {
            throw RunnerFault(.credentials, "There are no AWS credentials: the job definition needs a job role.")
        }
    }

    /// The host that may be reached although it is inside the machine; nil if none need be.
    var endpointHost: String? {
        if case .endpoint(let url) = origin { Self.host(url) } else { nil }
    }

    /// Whether asking again can give others.
    var isRefreshable: Bool {
        if case .endpoint = origin { true } else { false }
    }

    /// Throws away what is held, for a service has refused it.
    mutating func forget() { held = nil }

    /// Fetched if there are none or they expire within five minutes; those held serve while they last.
    mutating func current(_ http: inout HTTPClient) throws(CredentialProblem) -> AWSCredentials {
        switch origin {
        case .fixed(let credentials): credentials
        case .endpoint(let url): try fetched(url, &http)
        }
    }

    private mutating func fetched(_ url: String, _ http: inout HTTPClient) throws(CredentialProblem) -> AWSCredentials {
        let now = Clock.milliseconds()
        if let held, held.expiresAt - now > Self.early { return held.credentials }
        do {
            let fetched = try fetch(url, &http, now)
            held = fetched
            return fetched.credentials
        } catch {
            guard let held, held.expiresAt > now else { throw error }
            return held.credentials
        }
    }

    private func fetch(
        _ url: String, _ http: inout HTTPClient, _ now: Int64
    ) throws(CredentialProblem) -> (credentials: AWSCredentials, expiresAt: Int64) {
        var request = HTTPClient.Request(url: url, totalMilliseconds: 10_000, maxResponseBytes: 1 << 16)
        if let token = try authorization() { request.headers = [("Authorization", token)] }
        let response: HTTPClient.Response
        do { response = try http.send(request) } catch {
            throw CredentialProblem(sentence: "The container's credentials endpoint: \(error).", isTransient: true)
        }
        guard response.status == 200 else {
            let isTransient = response.status >= 500 || response.status == 429
            throw CredentialProblem(
                sentence: "The container's credentials endpoint answered \(response.status).", isTransient: isTransient)
        }
        return try Self.read(response.body, now)
    }

    private func authorization() throws(CredentialProblem) -> String? {
        guard let file = environment.nonEmpty("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return environment.nonEmpty("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        do {
            return String(decoding: try File.read(file, limit: 1 << 16), as: UTF8.self).filter { !$0.isNewline }
        } catch {
            throw CredentialProblem(sentence: "The credentials endpoint's token: \(error).", isTransient: false)
        }
    }

    private static func read(
        _ body: [UInt8], _ now: Int64
    ) throws(CredentialProblem) -> (credentials: AWSCredentials, expiresAt: Int64) {
        let answer = try? JSONValue.parse(body)
        guard let id = answer?["AccessKeyId"]?.string, let secret = answer?["SecretAccessKey"]?.string else {
            throw CredentialProblem(
                sentence: "The container's credentials endpoint answered something else than credentials.",
                isTransient: false)
        }
        let expiry = answer?["Expiration"]?.string.flatMap { try? Date($0, strategy: .iso8601) }
        // One that does not say is asked again after a quarter of an hour.
        let expiresAt = expiry.map { Int64($0.timeIntervalSince1970 * 1000) } ?? now + 20 * 60 * 1000
        let token = answer?["Token"]?.string
        return (AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token), expiresAt)
    }

    private static func checked(_ url: String) throws(RunnerFault) -> String {
        let inside = ["localhost", "127.0.0.1", "[::1]", containerHost, "169.254.170.23", "[fd00:ec2::23]"]
        guard url.hasPrefix("https://") || (url.hasPrefix("http://") && inside.contains(host(url))) else {
            throw RunnerFault(
                .credentials,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or a host of this machine: \(inside.joined(separator: ", "))."
            )
        }
        return url
    }

    private static func host(_ url: String) -> String {
        let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        if authority.hasPrefix("[") { return authority.prefix { $0 != "]" } + "]" }
        return String(authority.prefix { $0 != ":" })
    }
}

/// Why there are no credentials now.
struct CredentialProblem: Error {
    let sentence: String
    let isTransient: Bool
}

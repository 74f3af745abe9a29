import FoundationEssentials
internal import HTTP
internal import HTTPClient
internal import JSON
internal import Synchronization

/// The credentials that EC2 gives the role of the machine that this runs on, by its metadata service, version 2 only: a token
/// first, then the role's name, then its credentials.
///
/// It has a client of its own, which reaches that one address and nothing else; every other client goes on reaching no
/// address of this machine or its link. Whoever makes one has been told to by the settings file.
package final class InstanceCredentials: Sendable {
    package static let service = "http://169.254.169.254"
    private static let path = "/latest/meta-data/iam/security-credentials/"

    private struct Held {
        let credentials: AWSCredentials
        /// Milliseconds.
        let expiresAt: Int64
        var askAgain: Int64
    }

    /// EC2 has newer ones at least this long before those that it gave expire.
    private static let early: Int64 = 5 * 60_000
    /// While they are about to expire, and there are no newer ones yet.
    private static let patience: Int64 = 30_000

    private let endpoint: String
    private let peer: HTTPClient.Peer
    private let now: @Sendable () -> Int64
    private let held = Mutex<Held?>(nil)

    /// - Parameters:
    ///   - endpoint: the service's own address, or one of this machine's, 127.0.0.0/8, for an imitation; nil for any other.
    ///   - now: in milliseconds since the epoch.
    package init?(endpoint: String = service, now: @escaping @Sendable () -> Int64) {
        guard endpoint.hasPrefix("http://") else { return nil }
        let authority = endpoint.dropFirst(7).split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let address = authority[0].split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        let port = authority.count == 1 ? 80 : Int(authority[1])
        guard authority.count <= 2, address.map(String.init).joined(separator: ".") == authority[0], address.count == 4,
            address[0] == 127 || endpoint == Self.service, let port, (1...65535).contains(port)
        else { return nil }
        self.endpoint = endpoint
        self.now = now
        peer = HTTPClient.Peer(host: authority[0], port: port, address: address)
    }

    /// Fetched where there are none or they expire soon; those held serve while they last. One thread asks, others wait for
    /// its answer.
    package func current() throws(AWSError) -> AWSCredentials {
        try held.withLock { (held) throws(AWSError) in
            let now = now()
            if let held, now < held.askAgain { return held.credentials }
            do throws(AWSError) {
                let fetched = try fetch(now)
                held = fetched
                return fetched.credentials
            } catch {
                guard let present = held, now < present.expiresAt else { throw error }
                held?.askAgain = now + Self.patience
                return present.credentials
            }
        }
    }

    /// AWS has refused them.
    package func forget() { held.withLock { $0 = nil } }

    private func fetch(_ now: Int64) throws(AWSError) -> Held {
        var http = HTTPClient(HTTPClient.Options(isAllowed: { [peer] in $0 == peer }))
        let token = try ask(
            "PUT", "/latest/api/token", ("X-aws-ec2-metadata-token-ttl-seconds", "60"), &http)
        let proof = ("X-aws-ec2-metadata-token", Self.line(token))
        let role = Self.line(try ask("GET", Self.path, proof, &http))
        guard Self.isRole(role) else { throw Self.trouble("NoRole", "It names no role of this machine.") }
        return try Self.read(try ask("GET", Self.path + role, proof, &http), now)
    }

    private func ask(
        _ method: String, _ path: String, _ header: (String, String), _ http: inout HTTPClient
    ) throws(AWSError) -> [UInt8] {
        let request = HTTPClient.Request(
            method: method, url: endpoint + path, headers: [header], connectMilliseconds: 1000, totalMilliseconds: 5000,
            maxResponseBytes: 1 << 16)
        let response: HTTPClient.Response
        do { response = try http.send(request) } catch {
            throw AWSError(
                service: .sts, operation: Self.operation, code: "NoAnswer",
                message: "The instance's metadata service: \(error).", outcome: .unknown)
        }
        guard response.status == 200 else {
            let hasNoRole = response.status == 404
            throw Self.trouble(
                hasNoRole ? "NoRole" : String(response.status),
                hasNoRole ? "This machine has no role." : "It answered \(response.status).", status: response.status)
        }
        return response.body
    }
}

extension InstanceCredentials {
    private static let operation = "InstanceMetadata"

    private static func trouble(_ code: String, _ words: String, status: Int = 200) -> AWSError {
        AWSError(
            service: .sts, operation: operation, status: status, code: code,
            message: "The instance's metadata service: " + words, outcome: .refused)
    }

    private static func line(_ body: [UInt8]) -> String {
        String(decoding: body.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    }

    /// As IAM names roles: nothing that would lead to another path.
    private static func isRole(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "_+=,.@-".utf8.contains(byte)
                }
            } && !name.allSatisfy { $0 == "." }
    }

    private static func read(_ body: [UInt8], _ now: Int64) throws(AWSError) -> Held {
        let answer = try? JSONValue.parse(body)
        guard let id = answer?["AccessKeyId"]?.string, let secret = answer?["SecretAccessKey"]?.string,
            let token = answer?["Token"]?.string,
            let expiry = answer?["Expiration"]?.string.flatMap({ try? Date($0, strategy: .iso8601) }),
            answer?["Code"]?.string ?? "Success" == "Success"
        else { throw trouble("NoCredentials", "It answered something else than credentials.") }
        let expiresAt = Int64(expiry.timeIntervalSince1970 * 1000)
        return Held(
            credentials: AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token),
            expiresAt: expiresAt, askAgain: max(now + patience, expiresAt - early))
    }
}

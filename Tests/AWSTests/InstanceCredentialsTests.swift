import Synchronization
import TestSupport
import Testing

@testable import AWS
@testable import HTTPClient

/// The metadata service of an EC2 instance, imitated on this machine: version 2's three questions, and what goes wrong.
struct InstanceCredentialsTests {
    /// What it answers, and what time it is.
    private final class Instance: Sendable {
        private struct State {
            var now: Int64 = 1_764_000_000_000
            var key = 1
            var isAway = false
        }

        private let state = Mutex(State())
        var now: Int64 { state.withLock { $0.now } }
        func goOn(minutes: Int64) { state.withLock { $0.now += minutes * 60_000 } }
        func renew() { state.withLock { $0.key += 1 } }
        func leave() { state.withLock { $0.isAway = true } }

        /// It is 16:00 on that day; the first expire at 17:00, the second at 18:00, and so on.
        private var document: String {
            let key = state.withLock { $0.key }
            return """
                {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA\(key)", "SecretAccessKey": "s\(key)",
                "Token": "t\(key)", "LastUpdated": "2025-11-24T15:00:00Z", "Expiration": "2025-11-24T1\(6 + key):00:00Z"}
                """
        }

        func serve(_ connection: inout LoopbackConnection) throws {
            while let request = try connection.readRequest() {
                if state.withLock({ $0.isAway }) { return }
                switch (request.line, request.header("x-aws-ec2-metadata-token")) {
                case ("PUT /latest/api/token HTTP/1.1", _):
                    let isSaid = request.header("x-aws-ec2-metadata-token-ttl-seconds") != nil
                    try connection.answer(isSaid ? 200 : 400, [], "the-token=")
                case ("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1", "the-token="):
                    try connection.answer(200, [], "a-role\n")
                case ("GET /latest/meta-data/iam/security-credentials/a-role HTTP/1.1", "the-token="):
                    try connection.answer(200, [], document)
                default: try connection.answer(401)
                }
            }
        }
    }

    private func credentials(_ server: LoopbackServer, _ instance: Instance) throws -> InstanceCredentials {
        let made = InstanceCredentials(endpoint: server.url, now: { instance.now })
        return try #require(made)
    }

    @Test func areAskedForWithATokenAndKeptUntilTheyExpireSoon() throws {
        let instance = Instance()
        try LoopbackServer.run({ try instance.serve(&$0) }) { server in
            let credentials = try credentials(server, instance)
            let first = try credentials.current()
            #expect(first == AWSCredentials(accessKeyID: "ASIA1", secretAccessKey: "s1", sessionToken: "t1"))
            #expect(server.requests.count == 3 && server.requests[0].line.hasPrefix("PUT "))
            #expect(try credentials.current() == first && server.requests.count == 3)
            credentials.forget()
            instance.renew()
            #expect(try credentials.current().accessKeyID == "ASIA2" && server.requests.count == 6)
        }
    }

    @Test func newOnesAreTakenBeforeTheOldOnesExpire() throws {
        let instance = Instance()
        try LoopbackServer.run({ try instance.serve(&$0) }) { server in
            let credentials = try credentials(server, instance)
            _ = try credentials.current()
            instance.renew()
            instance.goOn(minutes: 54)
            #expect(try credentials.current().accessKeyID == "ASIA1")
            instance.goOn(minutes: 2)
            #expect(try credentials.current().accessKeyID == "ASIA2")
        }
    }

    /// While the service is away, what it gave serves as long as it lasts, and no longer.
    @Test func whatIsHeldServesWhileItLasts() throws {
        let instance = Instance()
        try LoopbackServer.run({ try instance.serve(&$0) }) { server in
            let credentials = try credentials(server, instance)
            #expect(try credentials.current().accessKeyID == "ASIA1")
            instance.leave()
            instance.goOn(minutes: 58)
            #expect(try credentials.current().accessKeyID == "ASIA1")
            instance.goOn(minutes: 3)
            let error = #expect(throws: AWSError.self) { try credentials.current() }
            #expect(error?.code == "NoAnswer" && error?.isTransient == true)
        }
    }

    /// Names that lead elsewhere, redirects, and answers that are none.
    @Test(arguments: [
        (404, "", "NoRole"), (200, "", "NoRole"), (200, "../../api/token", "NoRole"), (200, "..", "NoRole"),
        (200, "<html>", "NoRole"), (200, "r", "NoCredentials"), (302, "", "302"), (500, "", "500"), (401, "", "401"),
    ])
    func otherAnswersAreNone(status: Int, body: String, code: String) throws {
        let requests = try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                if request.line.hasPrefix("PUT") {
                    try connection.answer(200, [], "the-token=")
                } else if request.line.contains("security-credentials/ ") {
                    try connection.answer(status, ["Location: http://169.254.169.254/latest/user-data"], body)
                } else {
                    try connection.answer(200, [], #"{"Code": "Failed", "AccessKeyId": "x", "SecretAccessKey": "x"}"#)
                }
            }
        } _: { server in
            let credentials = try credentials(server, Instance())
            let error = #expect(throws: AWSError.self) { try credentials.current() }
            #expect(error?.code == code)
            return server.requests.map(\.line)
        }
        #expect(requests.count == (code == "NoCredentials" ? 3 : 2), "\(requests)")
    }

    private func isTaken(_ endpoint: String) -> Bool { InstanceCredentials(endpoint: endpoint, now: { 0 }) != nil }

    /// One address, and imitations of it on this machine; no name, which a name server could lead anywhere.
    @Test func isAskedAtItsOwnAddressOnly() {
        for endpoint in ["http://169.254.169.254", "http://127.0.0.1:8080", "http://127.0.0.9"] {
            #expect(isTaken(endpoint), "\(endpoint)")
        }
        for endpoint in [
            "https://169.254.169.254", "http://169.254.169.254:81", "http://169.254.170.2", "http://169.254.169.253",
            "http://10.0.0.1", "http://localhost", "http://127.0.0.1.evil.example", "http://127.1", "http://0177.0.0.1",
            "http://[::1]", "http://[fd00:ec2::254]", "http://127.0.0.1:0", "http://127.0.0.1:x",
            "http://127.0.0.1:80:80",
            "http://127.0.0.1/latest", "", "127.0.0.1",
        ] { #expect(!isTaken(endpoint), "\(endpoint)") }
        // No other client may go there.
        let service = HTTPClient.Peer(host: "169.254.169.254", port: 80, address: [169, 254, 169, 254])
        #expect(!AWSEndpoints().mayReach(service))
    }
}

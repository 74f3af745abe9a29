import AWS
import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing

/// The attacks of trust.md S38 to S42 on the client as a whole. Their halves are tested where they are made:
/// `EndpointTests` (S38: forty strings that are no Regions), `AddressTests` (S39: this machine by all its names),
/// `TLSTests` and `FailureTests` (S40), `VectorTests` (S42).
struct AddressPolicyTests {
    private let region = "us-local-1"

    /// Whom a client would have connected to.
    private final class Peers: Sendable {
        private let seen = Mutex<[String]>([])

        var all: [String] { seen.withLock { $0 } }
        func note(_ peer: HTTPClient.Peer) { seen.withLock { $0.append("\(peer.host):\(peer.port)") } }
    }

    private func client(_ url: String, caFile: String? = nil, _ peers: Peers = Peers()) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: [region: url])
        let http = HTTPClient(
            .init(caFile: caFile) { peer in
                peers.note(peer)
                return endpoints.mayReach(peer)
            })
        var client = AWSClient(endpoints: endpoints, http: http, now: { 1_764_000_000_000 })
        client.retry = .never
        return client
    }

    /// S38: what an answer says of a bucket's Region is believed no more than what a person types.
    @Test(arguments: [
        "evil.example/#", "eu-central-1@evil.example", "eu-central-1.evil.example", "us-local-1/", "EU-CENTRAL-1",
        "zz-nowhere-1", "169.254.169.254", "localhost", "eu-central-1", "cn-north-1", "us-local-9", "us-local-1",
    ])
    func s38ARegionThatAnAnswerNames(other: String) throws {
        let peers = Peers()
        let server = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                try connection.answer(301, ["x-amz-bucket-region: \(other)", "Location: http://\(other)/"])
            }
        } _: { server in
            var client = try client(server.url, peers)
            let error = #expect(throws: AWSError.self) {
                try client.list(bucket: "bucket", prefix: "", by: .session, in: region)
            }
            #expect(error?.status == 301)
            return server
        }
        #expect(server.requests.count == 1)
        #expect(peers.all == ["127.0.0.1:\(server.port)"])
    }

    /// S39: AWS's own host under a name that leads to this machine, as a name server could say.
    @Test func s39ANameThatLeadsHere() throws {
        try LoopbackServer.run({ _ in }) { server in
            let endpoints = try AWSEndpoints(overrides: [region: "http://localhost:\(server.port)"])
            // The rule as it is for AWS's hosts: the name alone makes nothing allowed.
            let http = HTTPClient(.init(isAllowed: AWSEndpoints().mayReach))
            var client = AWSClient(endpoints: endpoints, http: http, now: { 0 })
            let error = #expect(throws: AWSError.self) { try client.callerIdentity(by: .session, in: region) }
            #expect(error?.code == "AddressRefused" && error?.outcome == .refused)
            #expect(server.connections == 0)
        }
    }

    /// S40: the host's name in a certificate that nobody trusts, and a trusted certificate of another host.
    @Test(arguments: ["self-signed", "wrong host"])
    func s40ACertificateThatIsNotTheHosts(attack: String) throws {
        let folder = try TestFolder()
        try TLSServer.certify(
            attack == "wrong host" ? "DNS:batch.eu-west-1.amazonaws.com" : "DNS:localhost", in: folder)
        let server = try TLSServer(folder)
        let trusted = attack == "wrong host" ? folder.file("cert.pem") : nil
        var client = try client("https://localhost:\(server.port)", caFile: trusted)
        let input = SubmitJobInput(jobName: "n", jobQueue: "q", jobDefinition: "d:1")
        let error = #expect(throws: AWSError.self) { try client.submitJob(input, by: .session, in: region) }
        // Nothing has left: not a byte of the request, nor its signature.
        #expect(error?.code == "NoAnswer" && error?.outcome == .refused)
    }

    /// S40: a redirect to where a cloud's machines find their credentials.
    @Test(arguments: [301, 302, 303, 307, 308])
    func s40ARedirectToTheMetadataService(status: Int) throws {
        let peers = Peers()
        let server = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                let place = "Location: http://169.254.169.254/latest/meta-data/iam/security-credentials/"
                try connection.answer(status, [place], "{}")
            }
        } _: { server in
            var client = try client(server.url, peers)
            let error = #expect(throws: AWSError.self) { try client.describeJobs(["a"], by: .session, in: region) }
            #expect(error?.status == status && error?.outcome == .unknown)
            let s3 = #expect(throws: AWSError.self) {
                try client.get(bucket: "bucket", key: "k", maxBytes: 10, by: .session, in: region)
            }
            #expect(s3?.status == status && s3?.outcome == .refused)
            return server
        }
        #expect(Set(peers.all) == ["127.0.0.1:\(server.port)"])
        let wanted = server.requests.filter { $0.header("authorization") != nil }
        // Two calls, and of the bucket two questions where it is.
        #expect(wanted.count == server.requests.count && server.requests.count <= 4)
    }

    /// S40: an answer of 10 GB, announced or not: no more of it is taken than the call can use.
    @Test(arguments: [true, false])
    func s40AnAnswerWithoutEnd(isAnnounced: Bool) throws {
        let sent = Atomic(0)
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            let length = isAnnounced ? "Content-Length: 10737418240\r\n" : "Connection: close\r\n"
            try connection.write("HTTP/1.1 200 OK\r\n\(length)\r\n")
            let piece = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            for _ in 0..<10_240 {
                try connection.write(piece)
                sent.add(piece.count, ordering: .relaxed)
            }
        } _: { server in
            var client = try client(server.url)
            let json = #expect(throws: AWSError.self) { try client.describeJobs(["a"], by: .example, in: region) }
            #expect(json?.code == "AnswerTooLarge" && json?.isTransient == false)
            let object = #expect(throws: AWSError.self) {
                try client.get(bucket: "bucket", key: "k", maxBytes: 1000, by: .example, in: region)
            }
            #expect(object?.code == "AnswerTooLarge")
        }
        // What the two calls take at most, and what lay in buffers on the way.
        #expect(sent.load(ordering: .relaxed) < 64 << 20)
    }

    /// S40: an answer of a byte at a time, never at rest and never at its end.
    @Test func s40AnAnswerByteByByte() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while true {
                try connection.write(" ")
                usleep(50_000)
            }
        } _: { server in
            var client = try client(server.url)
            client.times.call = 1000
            let error = #expect(throws: AWSError.self) { try client.describeJobs(["a"], by: .example, in: region) }
            #expect(error?.code == "NoAnswer" && error?.outcome == .unknown && error?.isTransient == true)
        }
    }

    /// S42: of what was signed, nothing is in an error, in the record of calls, or in what either prints.
    @Test func s42NothingSignedIsKept() throws {
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                // A service that quotes everything that it was sent.
                let quoted = request.head.replacing("\r\n", with: " ").replacing("\"", with: "'")
                try connection.answer(
                    503, ["x-amzn-ErrorType: ServerException"], "{\"message\":\"no: Authorization header \(quoted)\"}")
            }
        } _: { server in
            var client = try client(server.url)
            var credentials = AWSCredentials.session
            credentials.account = "123456789012"
            let error = #expect(throws: AWSError.self) {
                try client.describeJobs(["a"], by: credentials, in: region)
            }
            let record = client.takeRecord()
            #expect(!record.isEmpty && error?.message == "no: ")
            for text in ["\(String(reflecting: error))", "\(record)", "\(credentials)"] {
                for secret in ["Signature=", "SECRET", "wJalr", "AWS4-HMAC"] {
                    #expect(!text.contains(secret), "\(secret) in \(text)")
                }
            }
        }
    }
}

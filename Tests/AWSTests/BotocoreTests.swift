import AWS
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import JSON
import Processes
import TestSupport
import Testing

/// What our client really sends, signed again by AWS's own botocore: every signature must be the same.
struct BotocoreTests {
    private static let time: Int64 = 1_764_000_000_000
    private static let timestamp = "20251124T160000Z"
    private static let keys = [
        "plain.txt", "a/b/c", "//x//", "a/../b", "./a", "a b", "a+b", "100%", "a%20b", "%2F", "ü/ß/é", "漢字", "😀.png",
        "a?b=c&d", "a#b", "a=b", "a&b", "(a)*'!~", "a:b@c", "\"quoted\"", "a\\b", "[x]{y}|z", "-._~", "tab\tin", "$,;",
        "e\u{301}", "trailing/", "a^b`c", "<x>", String(repeating: "long/", count: 150),
    ]

    @Test func everySignatureIsBotocores() throws {
        let cases = try sent() + presigned()
        #expect(cases.count > 300)
        let report = try resign(cases)
        #expect(report == "\(cases.count) compared\n")
    }

    /// Sends all kinds of calls to a server that only writes them down.
    private func sent() throws -> [JSONValue] {
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let isXML = request.head.contains("/s3/aws4_request") || request.head.contains("/sts/aws4_request")
                try connection.answer(
                    200, ["ETag: \"x\""], isXML ? "<A><UploadId>u</UploadId></A>" : "{\"jobId\":\"j\"}")
            }
        } _: { server in
            for credentials in [AWSCredentials.example, .session] {
                var client = try Self.client(server)
                for key in Self.keys { callS3(&client, key, credentials) }
                callOthers(&client, credentials)
            }
            return server.requests.map { Self.headerCase($0, port: server.port) }
        }
    }

    private static func client(_ server: LoopbackServer) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: ["us-local-1": server.url])
        return AWSClient(
            endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)), now: { Self.time })
    }

    /// Answers that are no real ones may be refused: what was sent is what counts.
    private func callS3(_ client: inout AWSClient, _ key: String, _ by: AWSCredentials) {
        let region = "us-local-1"
        _ = try? client.put(Array(key.utf8), bucket: "bucket", key: key, by: by, in: region)
        _ = try? client.get(bucket: "bucket", key: key, range: 3...9, maxBytes: 1000, by: by, in: region)
        _ = try? client.head(bucket: "bucket", key: key, by: by, in: region)
        _ = try? client.list(bucket: "bucket", prefix: key, startAfter: key, by: by, in: region)
        _ = try? client.createMultipartUpload(bucket: "bucket", key: key, by: by, in: region)
        let upload = MultipartUpload(bucket: "bucket", key: key, id: "id+/=%&" + key)
        _ = try? client.uploadPart([1, 2, 3], number: 1, of: upload, by: by, in: region)
    }

    private func callOthers(_ client: inout AWSClient, _ by: AWSCredentials) {
        let region = "us-local-1"
        _ = try? client.delete(bucket: "bucket", keys: Self.keys, by: by, in: region)
        _ = try? client.callerIdentity(by: by, in: region)
        _ = try? client.logEvents(group: "/aws/batch/job", stream: "a/default/ü", by: by, in: region)
        _ = try? client.describeJobs(["a", "b"], by: by, in: region)
        _ = try? client.submitJob(.init(jobName: "n", jobQueue: "q", jobDefinition: "d:1"), by: by, in: region)
    }

    private static func headerCase(_ request: LoopbackRequest, port: Int) -> JSONValue {
        let target = request.line.split(separator: " ")[1]
        let scope = request.header("authorization")?.split(separator: "/").dropFirst(3).first ?? ""
        let headers = request.head.split(separator: "\r\n").dropFirst().map { line -> JSONValue in
            let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return [.string(String(halves[0])), .string(String(halves[1].drop { $0 == " " }))]
        }
        let token = request.header("x-amz-security-token")
        return [
            "kind": "headers", "method": .string(String(request.line.prefix { $0 != " " })),
            "url": .string("http://127.0.0.1:\(port)\(target)"), "headers": .array(headers),
            "body": .string(hex(request.body)), "service": .string(String(scope)), "region": "us-local-1",
            "timestamp": .string(request.header("x-amz-date") ?? ""),
            "accessKeyID": .string((token == nil ? AWSCredentials.example : .session).accessKeyID),
            "secretAccessKey": .string(AWSCredentials.example.secretAccessKey), "sessionToken": JSONValue(token),
            "ours": .string(request.header("authorization") ?? ""),
        ]
    }

    private func presigned() throws -> [JSONValue] {
        let client = AWSClient(endpoints: AWSEndpoints(), http: HTTPClient(), now: { Self.time })
        return try Self.keys.flatMap { key in
            let url = try client.presignGet(
                bucket: "bucket", key: key, seconds: 300, disposition: "attachment; filename=\"\(key)\"",
                contentType: "text/plain; charset=utf-8", by: .session, in: "eu-west-1"
            ).url
            let form = try client.presignPost(
                bucket: "bucket", key: key, seconds: 60, sizes: 1...10, by: .session, in: "eu-west-1")
            return [try Self.queryCase(url), try Self.policyCase(form)]
        }
    }

    private static func common(_ kind: String, ours: String) -> [JSONValue.Member] {
        [
            .init("kind", .string(kind)), .init("ours", .string(ours)), .init("service", "s3"),
            .init("region", "eu-west-1"), .init("timestamp", .string(timestamp)),
            .init("accessKeyID", .string(AWSCredentials.session.accessKeyID)),
            .init("secretAccessKey", .string(AWSCredentials.session.secretAccessKey)),
            .init("sessionToken", JSONValue(AWSCredentials.session.sessionToken)),
        ]
    }

    /// Only what is the caller's own goes in; botocore adds the rest again.
    private static func queryCase(_ url: String) throws -> JSONValue {
        let ours = try #require(url.split(separator: "&X-Amz-Signature=").last)
        let own = try #require(url.split(separator: "&X-Amz-Algorithm").first)
        return .object(
            common("query", ours: String(ours)) + [
                .init("method", "GET"), .init("url", .string(String(own))), .init("seconds", 300),
            ])
    }

    private static func policyCase(_ form: PresignedForm) throws -> JSONValue {
        let fields = Dictionary(form.fields.map { ($0.name, $0.value) }) { first, _ in first }
        return .object(
            common("policy", ours: try #require(fields["x-amz-signature"])) + [
                .init("policy", JSONValue(fields["policy"]))
            ])
    }

    private func resign(_ cases: [JSONValue]) throws -> String {
        let folder = try TestFolder()
        try folder.write(Array((cases.map(\.text).joined(separator: "\n") + "\n").utf8), to: "cases")
        let input = try Descriptor.reading(folder.file("cases"))
        let script = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/resign.py"
        let environment = ProcessInfo.processInfo.environment
        let python = environment["BATCHPORT_TEST_PYTHON"] ?? "python3"
        var resigner = Spawn("/usr/bin/env", [python, script], environment: environment)
        resigner.standardInput = .descriptor(input.number)
        resigner.standardOutput = .append(folder.file("report"))
        let exit = try resigner.start().wait()
        try #require(exit == .code(0), "\(python) with botocore must be there")
        return String(decoding: try folder.read("report"), as: UTF8.self)
    }
}

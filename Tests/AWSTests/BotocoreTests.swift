import AWS
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import JSON
import Processes
import TestSupport
import Testing

/// What our client really sends, signed again by AWS's own botocore: every signature must be the same, and every request
/// one that botocore's models allow. `BATCHPORT_TEST_SEED` repeats a run.
struct BotocoreTests {
    private static let time: Int64 = 1_764_000_000_000
    private static let timestamp = "20251124T160000Z"
    private static let keys = [
        "plain.txt", "a/b/c", "//x//", "a/../b", "./a", "a b", "a+b", "100%", "a%20b", "%2F", "ü/ß/é", "漢字", "😀.png",
        "a?b=c&d", "a#b", "a=b", "a&b", "(a)*'!~", "a:b@c", "\"quoted\"", "a\\b", "[x]{y}|z", "-._~", "tab\tin", "$,;",
        "e\u{301}", "trailing/", "a^b`c", "<x>", String(repeating: "long/", count: 150),
    ]

    private static let pieces = [
        "a", "Z", "0", "-", ".", "_", "~", "/", "//", "..", " ", "+", "%", "%20", "%2f", "?", "&", "=", "#", ";", ":",
        "@", "!", "$", "'", "(", ")", "*", ",", "[", "]", "\"", "<", ">", "\\", "^", "`", "{", "|", "}", "ü",
        "e\u{301}",
        "漢字", "😀", "\u{a0}", "\u{200b}", "\n", "\t",
    ]
    /// All that the client can ask for.
    private static let operations: Set = [
        "AbortMultipartUpload", "CompleteMultipartUpload", "CreateMultipartUpload", "DeleteObjects",
        "DescribeJobDefinitions", "DescribeJobQueues", "DescribeJobs", "DescribeStacks", "FilterLogEvents",
        "GetCallerIdentity", "GetLogEvents", "GetObject", "HeadObject", "ListJobs", "ListObjectsV2", "PutObject",
        "SubmitJob", "TerminateJob", "UploadPart",
    ]

    @Test func everySignatureIsBotocores() throws {
        let seed =
            ProcessInfo.processInfo.environment["BATCHPORT_TEST_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...UInt64.max)
        print("BATCHPORT_TEST_SEED=\(seed)")
        var chance = SeededChance(state: seed)
        let keys =
            Self.keys
            + (0..<200).map { _ in
                (0..<Int.random(in: 1...9, using: &chance)).map { _ in
                    Self.pieces.randomElement(using: &chance) ?? "a"
                }.joined()
            }
        let cases = try sent(keys) + presigned(keys)
        #expect(cases.count > 2000)
        let report = try resign(cases).split(separator: "\n")
        #expect(report.count == 2 && report.first == "\(cases.count) compared", "seed \(seed): \(report.prefix(20))")
        let asked = report.last?.split(separator: " ").dropFirst().map(String.init) ?? []
        #expect(Set(asked) == Self.operations, "seed \(seed)")
    }

    /// Sends all kinds of calls to a server that only writes them down.
    private func sent(_ keys: [String]) throws -> [JSONValue] {
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let isXML = ["s3", "sts", "cloudformation"].contains { request.head.contains("/\($0)/aws4_request") }
                try connection.answer(
                    200, ["ETag: \"x\""], isXML ? "<A><UploadId>u</UploadId></A>" : "{\"jobId\":\"j\"}")
            }
        } _: { server in
            for credentials in [AWSCredentials.example, .session] {
                var client = try Self.client(server)
                for key in keys { callS3(&client, key, credentials) }
                callOthers(&client, keys, credentials)
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
        _ = try? client.completeMultipartUpload(upload, etags: ["\"a\"", "\"b\""], by: by, in: region)
        _ = try? client.abortMultipartUpload(upload, by: by, in: region)
    }

    private func callOthers(_ client: inout AWSClient, _ keys: [String], _ by: AWSCredentials) {
        let region = "us-local-1"
        _ = try? client.delete(bucket: "bucket", keys: keys, by: by, in: region)
        _ = try? client.callerIdentity(by: by, in: region)
        _ = try? client.logEvents(group: "/aws/batch/job", stream: "a/default/ü", by: by, in: region)
        _ = try? client.describeJobs(["a", "b"], by: by, in: region)
        _ = try? client.submitJob(.init(jobName: "n", jobQueue: "q", jobDefinition: "d:1"), by: by, in: region)
        _ = try? client.submitJob(Self.fullInput, by: by, in: region)
        _ = try? client.listJobs(named: "n", queue: "q", by: by, in: region)
        _ = try? client.listJobs(createdAfter: Self.time, queue: "q", by: by, in: region)
        _ = try? client.terminateJob("j", reason: "ü", by: by, in: region)
        for name in ["d", "d:1"] { _ = try? client.describeJobDefinitions(name, by: by, in: region) }
        _ = try? client.describeJobQueues(["q"], by: by, in: region)
        _ = try? client.stack("s & t", by: by, in: region)
        _ = try? client.logEvents(group: "g", streams: ["s", "t"], token: "t/+=", by: by, in: region)
    }

    /// Everything that SubmitJob can be given.
    private static var fullInput: SubmitJobInput {
        var input = SubmitJobInput(jobName: "n", jobQueue: "q", jobDefinition: "d:1")
        input.command = ["a", "ü"]
        input.environment = [("A", "b")]
        (input.vcpus, input.memoryMiB, input.gpus) = ("0.25", 512, 1)
        input.parameters = ["p": "v"]
        input.retry = .init(attempts: 2, rules: [.init(onStatusReason: "Host EC2*", action: "RETRY")])
        (input.timeoutSeconds, input.arraySize, input.dependsOn) = (60, 2, ["j"])
        (input.tags, input.propagateTags) = (["t": "v"], true)
        (input.shareIdentifier, input.schedulingPriority) = ("s", 1)
        return input
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

    private func presigned(_ keys: [String]) throws -> [JSONValue] {
        let client = AWSClient(endpoints: AWSEndpoints(), http: HTTPClient(), now: { Self.time })
        return try keys.flatMap { key in
            let url = try client.presignGet(
                bucket: "bucket", key: key, seconds: 300, disposition: "attachment; filename=\"\(key)\"",
                contentType: "text/plain; charset=utf-8", by: .session, in: "eu-west-1"
            ).url
            let form = try client.presignPost(
                bucket: "bucket", key: key, seconds: 60, sizes: 1...10, by: .session, in: "eu-west-1")
            let put = try client.presignPut(
                bucket: "bucket", key: key, seconds: 300, headers: [("content-type", "text/csv;  a=b")], by: .session,
                in: "eu-west-1"
            ).url
            return [
                try Self.queryCase("GET", url), try Self.queryCase("PUT", put, ["content-type": "text/csv;  a=b"]),
                try Self.policyCase(form),
            ]
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
    private static func queryCase(
        _ method: String, _ url: String, _ headers: [String: String] = [:]
    ) throws -> JSONValue {
        let ours = try #require(url.split(separator: "&X-Amz-Signature=").last)
        let own = try #require(
            url.replacing("?X-Amz-Algorithm", with: "&X-Amz-Algorithm")
                .split(separator: "&X-Amz-Algorithm").first)
        return .object(
            common("query", ours: String(ours)) + [
                .init("method", .string(method)), .init("url", .string(String(own))), .init("seconds", 300),
                .init("headers", .array(headers.map { [.string($0.key), .string($0.value)] })),
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

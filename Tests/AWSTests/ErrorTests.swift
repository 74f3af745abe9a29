import AWS
import HTTPClient
import TestSupport
import Testing

/// Errors as each service words them (aws.md 1.1), over the wire.
struct ErrorTests {
    struct Answer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        var headers: [String] = []
        let body: String
        let code: String
        var message = ""
        var requestID: String?
        let outcome: AWSError.Outcome
    }

    private func error(
        _ status: Int, _ headers: [String], _ body: String,
        of call: (inout AWSClient) throws -> Void
    ) throws -> AWSError? {
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(status, headers, body) }
        } _: { server in
            var client = try AWSClient.once(to: server)
            return #expect(throws: AWSError.self) { try call(&client) }
        }
    }

    static let batch = [
        Answer(
            testDescription: "type in a header", status: 400,
            headers: [
                "x-amzn-ErrorType: com.amazonaws.batch#ClientException:http://a.example/", "x-amzn-RequestId: r-1",
            ],
            body: "{\"message\":\"Job name should match valid pattern\"}", code: "ClientException",
            message: "Job name should match valid pattern", requestID: "r-1", outcome: .refused),
        Answer(
            testDescription: "type in the body", status: 403,
            body: "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"no\"}",
            code: "AccessDeniedException", message: "no", outcome: .refused),
        Answer(
            testDescription: "code in the body", status: 400, body: "{\"code\":\"ClientException\",\"message\":null}",
            code: "ClientException", outcome: .refused),
        Answer(
            testDescription: "429 without a body", status: 429, body: "", code: "429", outcome: .refused),
        Answer(
            testDescription: "429 as HTML", status: 429, body: "<html><h1>Too many</h1></html>", code: "429",
            outcome: .refused),
        Answer(
            testDescription: "500", status: 500, headers: ["x-amzn-ErrorType: ServerException"],
            body: "{\"message\":\"sorry\"}", code: "ServerException", message: "sorry", outcome: .unknown),
        Answer(testDescription: "502 as HTML", status: 502, body: "<html></html>", code: "502", outcome: .unknown),
        Answer(testDescription: "503 empty", status: 503, body: "", code: "503", outcome: .unknown),
        Answer(
            testDescription: "a proxy's 403", status: 403, body: "<!DOCTYPE html><html>Blocked</html>", code: "403",
            outcome: .unknown),
        Answer(testDescription: "a stranger's 404", status: 404, body: "not here", code: "404", outcome: .unknown),
        Answer(
            testDescription: "a stranger's JSON", status: 404, body: "{\"detail\":1}", code: "404", outcome: .unknown),
        Answer(testDescription: "broken JSON", status: 400, body: "{\"message\":", code: "400", outcome: .unknown),
        Answer(
            testDescription: "XML, as moto words it", status: 403,
            body: "<?xml version=\"1.0\"?>\n<ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code>"
                + "<Message>The request signature we calculated does not match</Message></Error></Errors>"
                + "<RequestId>r-2</RequestId></ErrorResponse>",
            code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match",
            requestID: "r-2", outcome: .refused),
        Answer(
            testDescription: "a redirect", status: 302, headers: ["Location: /"], body: "", code: "302",
            outcome: .unknown),
    ]

    @Test(arguments: batch)
    func ofBatch(answer: Answer) throws {
        let found = try #require(
            try error(answer.status, answer.headers, answer.body) { client in
                _ = try client.describeJobs(["a"], by: .example, in: "us-local-1")
            })
        #expect(found.status == answer.status && found.operation == "DescribeJobs" && found.service == .batch)
        #expect(found.code == answer.code)
        #expect(found.message == answer.message)
        #expect(found.requestID == answer.requestID)
        #expect(found.outcome == answer.outcome)
    }

    @Test func aMissingLogStreamIsNotFound() throws {
        let body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"The specified log stream does not exist.\"}"
        let found = try error(400, [], body) { client in
            _ = try client.logEvents(group: "g", stream: "s", by: .example, in: "us-local-1")
        }
        #expect(found?.isNotFound == true && found?.outcome == .refused)
    }

    @Test func anUnknownKeyIsTheCredentials() throws {
        let body =
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
            + "<Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message>"
            + "</Error><RequestId>r-3</RequestId></ErrorResponse>"
        let found = try error(403, [], body) { _ = try $0.callerIdentity(by: .example, in: "us-local-1") }
        #expect(found?.isCredentialRefused == true && found?.isAccessDenied == false)
        #expect(found?.requestID == "r-3" && found?.message.hasPrefix("The security token") == true)
    }

    @Test(arguments: [
        ("NoSuchKey", 404, true, false), ("NoSuchBucket", 404, true, false), ("AccessDenied", 403, false, true),
    ])
    func ofS3(code: String, status: Int, isNotFound: Bool, isAccessDenied: Bool) throws {
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>A &amp; B</Message><Key>k</Key>"
        let found = try error(status, ["x-amz-request-id: r-4"], body + "<RequestId>r-5</RequestId></Error>") {
            _ = try $0.get(bucket: "bucket", key: "k", maxBytes: 10, by: .example, in: "us-local-1")
        }
        #expect(found?.isNotFound == isNotFound && found?.isAccessDenied == isAccessDenied)
        #expect(found?.code == code && found?.message == "A & B" && found?.requestID == "r-4")
    }

    @Test(arguments: [(404, true, false), (403, false, true)])
    func aHeadsErrorHasNoBody(status: Int, isNotFound: Bool, isAccessDenied: Bool) throws {
        let found = try error(status, [], "") {
            _ = try $0.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1")
        }
        #expect(found?.code == "\(status)" && found?.outcome == .refused)
        #expect(found?.isNotFound == isNotFound && found?.isAccessDenied == isAccessDenied)
    }

    @Test func anotherRegionsBucketSaysWhere() throws {
        let body =
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-3</Region></Error>"
        let inBody = try error(400, [], body) {
            _ = try $0.list(bucket: "bucket", prefix: "", by: .example, in: "us-local-1")
        }
        #expect(inBody?.bucketRegion == "eu-west-3")
        let inHeader = try error(301, ["x-amz-bucket-region: eu-west-2", "Location: http://evil.example/"], "") {
            _ = try $0.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1")
        }
        #expect(inHeader?.bucketRegion == "eu-west-2")
    }

    @Test func anErrorInsideA200IsAnError() throws {
        let body = "<?xml version=\"1.0\"?>\n\n   <Error><Code>InternalError</Code><Message>again</Message></Error>"
        let found = try error(200, [], body) {
            let upload = MultipartUpload(bucket: "bucket", key: "k", id: "u")
            try $0.completeMultipartUpload(upload, etags: ["\"a\""], by: .example, in: "us-local-1")
        }
        #expect(found?.code == "InternalError" && found?.outcome == .unknown)
    }

    /// The JSON services' words for a wrong signature quote the canonical request.
    @Test func noSignatureAndNoTokenIsQuoted() throws {
        let quoted =
            "The request signature we calculated does not match the signature you provided. "
            + "The Canonical String for this request should have been\\n'POST\\n/\\nx-amz-security-token:SECRET'\\n"
            + "The String-to-Sign should have been\\n'AWS4-HMAC-SHA256\\nSECRET'"
        let found = try error(403, [], "{\"__type\":\"InvalidSignatureException\",\"message\":\"\(quoted)\"}") {
            _ = try $0.describeJobs(["a"], by: .session, in: "us-local-1")
        }
        #expect(found?.message == "The request signature we calculated does not match the signature you provided. ")
        #expect(found?.isCredentialRefused == true)
        #expect("\(String(describing: found))".contains("SECRET") == false)
    }

    @Test func anAddressThatIsNotAllowedIsNoTransientTrouble() throws {
        let endpoints = try AWSEndpoints(overrides: ["us-local-1": "http://127.0.0.1:9"])
        var client = AWSClient(endpoints: endpoints, http: HTTPClient(), now: { 0 })
        let found = #expect(throws: AWSError.self) { try client.callerIdentity(by: .example, in: "us-local-1") }
        #expect(found?.code == "AddressRefused" && found?.outcome == .refused && found?.isTransient == false)
    }

    @Test func aMessageOfAnyLengthIsCut() throws {
        let found = try error(
            400, [], "{\"code\":\"ClientException\",\"message\":\"\(String(repeating: "é", count: 5000))\"}"
        ) {
            _ = try $0.describeJobs(["a"], by: .session, in: "us-local-1")
        }
        #expect(found?.message.count == 1024)
    }
}

extension AWSClient {
    /// To one server that plays all services of `us-local-1`; nothing is tried twice.
    static func once(to server: LoopbackServer, now: @escaping () -> Int64 = { 1_764_000_000_000 }) throws -> AWSClient
    {
        var client = try retrying(to: server, now: now)
        client.retry = .never
        return client
    }

    /// With the standard policy, but without its waits.
    static func retrying(
        to server: LoopbackServer, budget: RetryBudget = RetryBudget(),
        now: @escaping () -> Int64 = { 1_764_000_000_000 }
    ) throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: ["us-local-1": server.url])
        var client = AWSClient(
            endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)), budget: budget, now: now)
        client.retry.transientBase = 0
        client.retry.throttlingBase = 0
        return client
    }
}

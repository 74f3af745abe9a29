import AWS
import HTTPClient
import TestSupport
import Testing

/// Buckets that are in another Region than they were asked for in (aws.md 1.5).
struct BucketRegionTests {
    private static let moved = "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>"

    /// How S3 says so; the Region that it names, if it does, is the other one.
    struct Answer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        var headers: [String] = []
        var body = ""
    }

    private static let malformed =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>us-local-2</Region></Error>"
    static let answers = [
        Answer(testDescription: "301", status: 301, headers: ["x-amz-bucket-region: us-local-2"], body: moved),
        Answer(testDescription: "307", status: 307, headers: ["x-amz-bucket-region: us-local-2"]),
        Answer(testDescription: "malformed", status: 400, body: malformed),
        Answer(
            testDescription: "opt-in", status: 400, headers: ["x-amz-bucket-region: us-local-2"],
            body: "<Error><Code>IllegalLocationConstraintException</Code><Message>m</Message></Error>"),
        Answer(testDescription: "301 that does not say where", status: 301, body: moved),
    ]

    /// Two Regions on one server, which tells them apart by what was signed; the bucket is in the second.
    private func inTwoRegions<R>(
        _ answer: Answer, _ body: (inout AWSClient, LoopbackServer) throws -> R
    ) throws -> R {
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                if request.header("authorization")?.contains("/us-local-2/s3/") == true {
                    try connection.answer(200, ["ETag: \"e\""], request.line.hasPrefix("HEAD") ? "" : "bytes")
                } else if request.line.hasPrefix("HEAD /bucket/ ") {
                    try connection.answer(301, ["x-amz-bucket-region: us-local-2"])
                } else {
                    try connection.answer(
                        answer.status, answer.headers, request.line.hasPrefix("HEAD") ? "" : answer.body)
                }
            }
        } _: { server in
            let endpoints = try AWSEndpoints(overrides: ["us-local-1": server.url, "us-local-2": server.url])
            var client = AWSClient(
                endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)),
                now: { 1_764_000_000_000 })
            client.retry = .never
            return try body(&client, server)
        }
    }

    @Test(arguments: answers)
    func theCallIsSignedAgainOnceAndThePlaceRemembered(answer: Answer) throws {
        try inTwoRegions(answer) { client, server in
            for _ in 0..<2 {
                let bytes = try client.get(
                    bucket: "bucket", key: "k", maxBytes: 10, by: .example, in: "us-local-1")
                #expect(bytes == Array("bytes".utf8))
            }
            let asks = answer.status == 301 && answer.headers.isEmpty
            let regions = server.requests.compactMap { $0.header("authorization")?.split(separator: "/")[2] }
            #expect(regions == ["us-local-1"] + (asks ? ["us-local-1"] : []) + ["us-local-2", "us-local-2"])
            // Another bucket is asked for where its caller says.
            _ = try? client.get(bucket: "other", key: "k", maxBytes: 10, by: .example, in: "us-local-1")
            let other = server.requests.first { $0.line.contains("/other/") }
            #expect(other?.header("authorization")?.contains("/us-local-1/s3/") == true)
        }
    }

    @Test func anUploadsBytesAreSentAgain() throws {
        try inTwoRegions(Self.answers[0]) { client, server in
            let hash = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81"
            let etag = try client.put(
                size: 3, sha256: hash, bucket: "bucket", key: "k", by: .example, in: "us-local-1"
            ) { offset, max in Array([1, 2, 3][Int(offset)...].prefix(max)) }
            #expect(etag == "\"e\"" && server.requests.map(\.body) == [[1, 2, 3], [1, 2, 3]])
        }
    }

    /// The answer to a HEAD has no document: 400 may mean that the Region was wrong.
    @Test func aHeadThatIsRefusedWithoutAWord() throws {
        try inTwoRegions(Answer(testDescription: "400", status: 400)) { client, server in
            _ = try client.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1")
            #expect(
                server.requests.map(\.line) == [
                    "HEAD /bucket/k HTTP/1.1", "HEAD /bucket/ HTTP/1.1", "HEAD /bucket/k HTTP/1.1",
                ])
        }
    }

    @Test func linksAreMadeForThePlaceThatIsKnown() throws {
        try inTwoRegions(Self.answers[0]) { client, _ in
            func region() throws -> Bool {
                try client.presignGet(bucket: "bucket", key: "k", seconds: 60, by: .example, in: "us-local-1").url
                    .contains("%2Fus-local-2%2Fs3%2F")
            }
            #expect(try !region())
            _ = try client.get(bucket: "bucket", key: "k", maxBytes: 10, by: .example, in: "us-local-1")
            #expect(try region())
            let form = try client.presignPost(
                bucket: "bucket", key: "k", seconds: 60, sizes: 1...2, by: .example, in: "us-local-1")
            #expect(form.fields.contains { $0.name == "x-amz-credential" && $0.value.contains("/us-local-2/s3/") })
        }
    }

    /// Regions on one server that know of the bucket only what GetBucketLocation says, if that.
    private func inRegions<R>(
        _ status: Int, constraint: String?, _ body: (inout AWSClient, LoopbackServer) throws -> R
    ) throws -> R {
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let isHead = request.line.hasPrefix("HEAD")
                if request.header("authorization")?.contains("/us-local-1/s3/") == false {
                    try connection.answer(200, ["ETag: \"e\""], isHead ? "" : "bytes")
                } else if let constraint, request.line.hasPrefix("GET /bucket/?location ") {
                    try connection.answer(200, [], "<?xml version=\"1.0\"?>\n" + constraint)
                } else {
                    try connection.answer(status, [])
                }
            }
        } _: { server in
            let regions = ["us-local-1", "us-local-2", "us-east-1", "eu-west-1"].map { ($0, server.url) }
            let endpoints = try AWSEndpoints(overrides: Dictionary(uniqueKeysWithValues: regions))
            var client = AWSClient(
                endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)),
                now: { 1_764_000_000_000 })
            client.retry = .never
            return try body(&client, server)
        }
    }

    @Test(arguments: [301, 307])
    func aRedirectWithoutAWordIsAskedAbout(status: Int) throws {
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
        for (constraint, region) in [
            ("<LocationConstraint \(namespace)>us-local-2</LocationConstraint>", "us-local-2"),
            ("<LocationConstraint \(namespace)/>", "us-east-1"),
            ("<LocationConstraint>EU</LocationConstraint>", "eu-west-1"),
        ] {
            try inRegions(status, constraint: constraint) { client, server in
                let head = try client.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1")
                #expect(head.etag == "\"e\"")
                #expect(
                    server.requests.map(\.line) == [
                        "HEAD /bucket/k HTTP/1.1", "HEAD /bucket/ HTTP/1.1", "GET /bucket/?location HTTP/1.1",
                        "HEAD /bucket/k HTTP/1.1",
                    ])
                let last = server.requests.last?.header("authorization")
                #expect(last?.contains("/\(region)/s3/aws4_request") == true)
            }
        }
    }

    /// Nobody says where: nothing was done, and that is certain.
    @Test(
        arguments: [301, 302, 307],
        [nil, "<Other>us-local-2</Other>", "<LocationConstraint>nowhere</LocationConstraint>"])
    func aRedirectThatNobodyExplainsIsADefiniteNo(status: Int, constraint: String?) throws {
        let calls: [(inout AWSClient) throws -> Void] = [
            { _ = try $0.head(bucket: "bucket", key: "k", by: .example, in: "us-local-1") },
            { _ = try $0.put([1], bucket: "bucket", key: "k", by: .example, in: "us-local-1") },
            { _ = try $0.list(bucket: "bucket", prefix: "", by: .example, in: "us-local-1") },
        ]
        for call in calls {
            try inRegions(status, constraint: constraint) { client, server in
                let error = #expect(throws: AWSError.self) { try call(&client) }
                #expect(error?.outcome == .refused && error?.status == status && error?.code == "\(status)")
                #expect(error?.isTransient == false && server.requests.count == 3)
            }
        }
    }

    /// Two places that each name the other: once is enough.
    @Test func onlyOnce() throws {
        let server = try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let isFirst = request.header("authorization")?.contains("/us-local-1/") == true
                try connection.answer(301, ["x-amz-bucket-region: us-local-\(isFirst ? 2 : 1)"], Self.moved)
            }
        } _: { server in
            let endpoints = try AWSEndpoints(overrides: ["us-local-1": server.url, "us-local-2": server.url])
            var client = AWSClient(
                endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)),
                now: { 1_764_000_000_000 })
            client.retry = .never
            let error = #expect(throws: AWSError.self) {
                try client.list(bucket: "bucket", prefix: "", by: .example, in: "us-local-1")
            }
            #expect(error?.code == "PermanentRedirect" && error?.bucketRegion == "us-local-1")
            return server
        }
        #expect(server.requests.count == 2)
    }

    /// A bucket that is where it was asked for is not looked for because of another trouble.
    @Test(arguments: ["NoSuchKey", "AccessDenied", "SignatureDoesNotMatch"])
    func otherTroubleLeadsNowhere(code: String) throws {
        let answer = Answer(
            testDescription: code, status: 403, headers: ["x-amz-bucket-region: us-local-2"],
            body: "<Error><Code>\(code)</Code><Message>m</Message></Error>")
        try inTwoRegions(answer) { client, server in
            let error = #expect(throws: AWSError.self) {
                try client.get(bucket: "bucket", key: "k", maxBytes: 10, by: .example, in: "us-local-1")
            }
            #expect(error?.code == code && server.requests.count == 1)
        }
    }
}

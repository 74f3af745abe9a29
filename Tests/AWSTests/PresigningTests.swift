import AWS
import Cryptography
import HTTP
import HTTPClient
import JSON
import Testing

struct PresigningTests {
    private let time: Int64 = 1_764_000_000_000

    private func client(_ overrides: [String: String] = [:]) throws -> AWSClient {
        AWSClient(endpoints: try AWSEndpoints(overrides: overrides), http: HTTPClient(), now: { 1_764_000_000_123 })
    }

    @Test func aBucketIsAHostOrAPath() throws {
        let client = try client(["us-local-1": "http://127.0.0.2:8080"])
        func start(_ bucket: String, _ region: String) throws -> Substring {
            try client.presignGet(bucket: bucket, key: "a b/ü+%/../c", seconds: 300, by: .example, in: region).url
                .prefix { $0 != "?" }
        }
        let key = "/a%20b/%C3%BC%2B%25/../c"
        #expect(try start("my-bucket", "eu-west-1") == "https://my-bucket.s3.eu-west-1.amazonaws.com\(key)")
        #expect(try start("my.bucket", "eu-west-1") == "https://s3.eu-west-1.amazonaws.com/my.bucket\(key)")
        #expect(try start("my-bucket", "us-local-1") == "http://127.0.0.2:8080/my-bucket\(key)")
    }

    @Test func whatTheAnswerWillSayIsSigned() throws {
        let presigned = try client().presignGet(
            bucket: "bucket", key: "k", seconds: 300, disposition: "attachment; filename=\"a b.csv\"",
            contentType: "text/plain", by: .session, in: "eu-west-1")
        #expect(presigned.expiresAt == time + 300_123)
        let query = try Query.parse(presigned.url.drop { $0 != "?" }.dropFirst())
        #expect(try query.one("response-content-disposition") == "attachment; filename=\"a b.csv\"")
        #expect(try query.one("response-content-type") == "text/plain")
        #expect(try query.one("X-Amz-Security-Token") == AWSCredentials.session.sessionToken)
        #expect(try query.one("X-Amz-Expires") == "300")
        #expect(try query.one("X-Amz-SignedHeaders") == "host")
        #expect(try query.one("X-Amz-Date") == "20251124T160000Z")
        #expect(!presigned.url.contains(AWSCredentials.session.secretAccessKey))
    }

    @Test(arguments: [0, -1, 604_801])
    func onlyForAWeek(seconds: Int) throws {
        let client = try client()
        let error = #expect(throws: AWSError.self) {
            try client.presignPut(bucket: "bucket", key: "k", seconds: seconds, by: .example, in: "eu-west-1")
        }
        #expect(error?.code == "BadArgument" && error?.outcome == .refused)
    }

    @Test func aPutsHeadersAreSigned() throws {
        let url = try client().presignPut(
            bucket: "bucket", key: "k", seconds: 60, headers: [("Content-Type", "text/csv")], by: .example,
            in: "eu-west-1"
        ).url
        #expect(url.contains("X-Amz-SignedHeaders=content-type%3Bhost&"))
    }

    @Test func aFormSaysExactlyWhatMayBePosted() throws {
        let form = try client().presignPost(
            bucket: "bucket", key: "uploads/1", seconds: 600, sizes: 0...1000, by: .session, in: "eu-west-1")
        #expect(form.url == "https://bucket.s3.eu-west-1.amazonaws.com/")
        #expect(
            form.fields.map(\.name) == [
                "key", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "policy",
                "x-amz-signature",
            ])
        let text = try #require(form.fields.first { $0.name == "policy" }?.value)
        let policy = try JSONValue.parse(try #require(unbase64(text)))
        #expect(policy["expiration"] == "2025-11-24T16:10:00.000Z")
        let conditions = try #require(policy["conditions"]?.array)
        #expect(conditions.first == ["bucket": "bucket"])
        #expect(conditions.last == ["content-length-range", 0, 1000])
        for field in form.fields where !["policy", "x-amz-signature"].contains(field.name) {
            #expect(conditions.contains(.object([.init(field.name, .string(field.value))])))
        }
        #expect(conditions.count == 7)
    }

    @Test func credentialsNeverPrint() {
        let credentials = AWSCredentials.session
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(!text.contains("SECRET") && !text.contains("wJalr") && !text.contains("ASIA"))
        }
    }
}

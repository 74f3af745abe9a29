import AWS
import Testing

/// What AWS's suite does not see (aws.md 2.2).
struct CanonicalTests {
    @Test(arguments: [
        ("b=1&B=2&a=3", "B=2&a=3&b=1"), ("uploads", "uploads="), ("a=&a", "a=&a="), ("a=2&a=10&a=1", "a=1&a=10&a=2"),
        ("x=a+b", "x=a%2Bb"), ("x=a%20b", "x=a%20b"), ("x=a%2fb", "x=a%2Fb"), ("x=%7e~", "x=~~"), ("x=a=b", "x=a%3Db"),
        ("x=100%", "x=100%25"), ("a-b=1&a=2", "a=2&a-b=1"), ("&&a=1&", "a=1"), ("é=1&e%CC%81=2", "%C3%A9=1&e%CC%81=2"),
        ("", ""),
    ])
    func query(raw: String, canonical: String) {
        #expect(SigV4.canonicalQuery(raw) == canonical)
    }

    private func canonicalPath(_ path: String, _ rule: SigV4.PathRule) -> Substring {
        let message = SigV4.Message(method: "GET", path: path, headers: [])
        return SigV4.canonicalRequest(message, signedHeaders: [], path: rule).split(separator: "\n")[1]
    }

    @Test(arguments: [
        "/a//b", "/a/../b", "/a/./b", "/a%2Bb", "/a%2bb", "/a%25", "//", "/a%20b/", "/%C3%A9", "/a!b",
    ])
    func s3LeavesThePathAlone(path: String) {
        #expect(canonicalPath(path, .asSent) == path[...])
    }

    @Test(arguments: [
        ("/v1/tags/arn%3Aaws%3Abatch", "/v1/tags/arn%253Aaws%253Abatch"), ("/a//b/", "/a/b/"), ("/a/../..", "/"),
        ("/a/.", "/a/"), ("/a/b/..", "/a/"), ("", "/"), ("//", "/"), ("/a b", "/a%20b"), ("/%2e%2e/a", "/%252e%252e/a"),
    ])
    func theOthersNormalise(path: String, canonical: String) {
        #expect(canonicalPath(path, .normalized) == canonical[...])
    }

    @Test func headersThatChangeOnTheWayAreNotSigned() {
        let names = [
            "Host", "X-Amz-Meta-b", "x-amz-meta-B", "User-Agent", "Expect", "Connection", "Content-Type", "Range",
        ]
        #expect(
            SigV4.signableNames(names.map { ($0, "") }) == ["content-type", "host", "range", "x-amz-meta-b"])
    }

    @Test(
        arguments: [
            ("20150830T123600Z", 1_440_938_160_000), ("19700101T000000Z", 0), ("20240229T235959Z", 1_709_251_199_000),
            ("99991231T235959Z", 253_402_300_799_000),
        ] as [(String, Int64)])
    func dates(text: String, milliseconds: Int64) {
        #expect(AmzDate.text(milliseconds + 999) == text)
        #expect(AmzDate.parse(text) == milliseconds)
    }

    @Test(arguments: [
        "", "20150830T123600", "2015-08-30T12:36:00Z", "20151330T123600Z", "20150830T993600Z", " 20150830T123600Z",
        "20150830t123600z", "２0150830T123600Z",
    ])
    func notADate(text: String) { #expect(AmzDate.parse(text) == nil) }
}

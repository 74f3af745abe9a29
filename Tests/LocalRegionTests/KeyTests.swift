import HTTP
import Testing

@testable import LocalRegion

@Suite struct KeyTests {
    @Test(arguments: [
        ("bytes=0-0", ByteRange.part(0...0)), ("bytes=3-", .part(3...9)), ("bytes=-4", .part(6...9)),
        ("bytes=-40", .part(0...9)), ("bytes=2-99999999999999999999999", .part(2...9)), ("bytes=10-", .unsatisfiable),
        ("bytes=-0", .unsatisfiable), ("bytes=5-4", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
        ("bytes=1-2,4-5", .whole), ("lines=1-2", .whole), ("bytes=1", .whole), ("bytes=+1-2", .whole),
    ])
    func ranges(header: String, expected: ByteRange) {
        #expect(ByteRange(header, size: 10) == expected)
    }

    @Test func rangesOfNothing() {
        #expect(ByteRange(nil, size: 0) == .whole)
        #expect(ByteRange("bytes=0-", size: 0) == .unsatisfiable)
        #expect(ByteRange("bytes=-1", size: 0) == .unsatisfiable)
    }

    @Test(arguments: [
        ("/b/k", "b", "k"), ("/b//x//", "b", "/x//"), ("/b/a%20b+c%2520d", "b", "a b+c%20d"), ("/b", "b", ""),
        ("/b/", "b", ""), ("/", "", ""), ("/b/%2F..%2F", "b", "/../"), ("/b/../c", "b", "../c"),
        ("/b/%C3%BC", "b", "ü"),
    ])
    func targets(path: String, bucket: String, key: String) throws {
        let target = try S3Target(rawPath: path)
        #expect(target.bucket == bucket && target.key == key)
    }

    @Test(arguments: ["b/k", "/b/%", "/b/%FF", "/b/%00", "/b/" + String(repeating: "k", count: 1025)])
    func badTargets(path: String) {
        #expect(throws: LocalFault.self) { try S3Target(rawPath: path) }
    }

    /// The upper end is behind every key with the prefix and in front of all others that are behind.
    @Test(arguments: ["a", "a/", "\u{D7FF}", "ü/", "\u{10FFFF}", "a\u{10FFFF}\u{10FFFF}"])
    func prefixes(prefix: String) {
        let range = KeyRange(prefix: prefix)
        #expect(range.lower == prefix && range.includesLower)
        for tail in ["", "/", "\u{10FFFF}\u{10FFFF}", "\u{0}"] {
            if let upper = range.upper { #expect(precedes(prefix + tail, upper)) }
        }
        #expect((range.upper == nil) == (prefix == "\u{10FFFF}"))
    }

    @Test func narrowing() {
        var range = KeyRange(prefix: "d/")
        range.start(after: "a")
        #expect(range == KeyRange(prefix: "d/"))
        range.start(after: "d/5")
        #expect(range.lower == "d/5" && !range.includesLower)
        let isLeft = range.skip("d/5/")
        #expect(isLeft)
        #expect(range.lower == "d/50" && range.includesLower)
        let isLeftOfNothing = range.skip("\u{10FFFF}")
        #expect(!isLeftOfNothing)
    }

    @Test func continuationTokens() {
        for text in ["a b/ü", "", "\u{301}x"] {
            #expect(Listing.Continuation(token: Listing.Continuation.key(text).token) == .key(text))
            #expect(Listing.Continuation(token: Listing.Continuation.prefix(text).token) == .prefix(text))
        }
        #expect(Listing.Continuation(token: "") == nil)
        #expect(Listing.Continuation(token: "eA") == nil)
    }

    @Test(arguments: [
        ("GET", "/", S3Operation.listBuckets), ("PUT", "/b", .createBucket), ("PUT", "/b/", .createBucket),
        ("GET", "/b?list-type=2&prefix=x", .list), ("GET", "/b", .listFirst), ("GET", "/b?marker=x", .listFirst),
        ("GET", "/b/k?tagging", .getTags), ("PUT", "/b/k?tagging", .putTags), ("DELETE", "/b/k?tagging", .deleteTags),
        ("GET", "/b?location", .bucketLocation), ("PUT", "/b/k", .put),
        ("PUT", "/b/k?partNumber=1&uploadId=u", .uploadPart), ("POST", "/b/k?uploads", .createUpload),
        ("POST", "/b/k?uploadId=u", .completeUpload), ("GET", "/b/k?uploadId=u", .listParts),
        ("POST", "/b?delete", .deleteMany), ("DELETE", "/b/k?x-id=DeleteObject", .delete), ("HEAD", "/b/k", .head),
    ])
    func operations(method: String, target: String, expected: S3Operation) throws {
        #expect(try operation(method, target) == expected)
    }

    /// What would do harm if it were taken for a plain PUT or DELETE.
    @Test(arguments: [
        ("PUT", "/b?cors"), ("PUT", "/b/k?acl"), ("PUT", "/b?tagging"), ("DELETE", "/b/k?versionId=1"),
        ("DELETE", "/b?lifecycle"), ("PUT", "/b/k?uploads"), ("PUT", "/b/k?uploadId=u"), ("DELETE", "/b/k?delete"),
        ("PATCH", "/b/k"), ("DELETE", "/"), ("POST", "/b/k?restore"), ("PUT", "/b?list-type=2"),
    ])
    func notServed(method: String, target: String) throws {
        #expect(try operation(method, target) == nil)
    }

    @Test func whatHeadersMakeOfIt() throws {
        func operation(_ method: String, _ target: String, _ headers: [(String, String)]) throws -> S3Operation? {
            let request = try Request(method: method, target: target, headers: Headers(headers))
            return S3Operation(request, try S3Target(rawPath: request.rawPath))
        }
        let source = [("x-amz-copy-source", "b/k")]
        #expect(try operation("PUT", "/b/k", source) == .copy)
        #expect(try operation("PUT", "/b/k?partNumber=1&uploadId=u", source) == .copyPart)
        #expect(try operation("PUT", "/b", source) == nil)
        #expect(try operation("POST", "/b/k?uploads", source) == nil)
        #expect(try operation("DELETE", "/b/k", [("if-match", "\"e\"")]) == nil)
    }

    @Test(arguments: [
        ("b/k", "b", "k"), ("/b/k", "b", "k"), ("b//double//", "b", "/double//"),
        ("b/a%20b%2Bc%2520d", "b", "a b+c%20d"),
        ("b/dir/../x", "b", "dir/../x"), ("b/k%3Fx?versionId=null", "b", "k?x"),
    ])
    func copySources(header: String, bucket: String, key: String) throws {
        let source = try CopySource(try copying(header))
        #expect(source.target == (try S3Target(rawPath: "/\(bucket)/" + percentEncode(key, keepingSlashes: true))))
    }

    @Test(arguments: ["", "/", "b", "b/", "/b/", "b/%", "b/k?versionId=1", "b/k?other"])
    func noCopySources(header: String) throws {
        let request = try copying(header)
        #expect(throws: LocalFault.self) { try CopySource(request) }
    }

    private func copying(_ header: String) throws -> Request {
        try Request(method: "PUT", target: "/b/to", headers: Headers([("x-amz-copy-source", header)]))
    }

    private func operation(_ method: String, _ target: String) throws -> S3Operation? {
        let request = try Request(method: method, target: target, headers: Headers())
        return S3Operation(request, try S3Target(rawPath: request.rawPath))
    }
}

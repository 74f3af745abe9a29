import AWS
import Cryptography
import FoundationEssentials
import Testing

/// S3 as moto imitates it.
struct MotoS3Tests {
    private let moto: StrictMoto
    private let region = "eu-central-1"
    private let bucket = "moto-bucket"

    init() throws { moto = try StrictMoto.shared.get() }

    private func client() throws -> AWSClient { try moto.client(in: region) }

    /// Without a slash in the prefix: moto decodes the query before it verifies.
    @Test func objectsComeAndGo() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let bytes = Array("0123456789".utf8)
        let etag = try client.put(
            bytes, bucket: bucket, key: "round-a.txt", contentType: "text/plain", by: tester, in: region)
        #expect(try client.get(bucket: bucket, key: "round-a.txt", maxBytes: 10, by: tester, in: region) == bytes)
        let part = try client.get(
            bucket: bucket, key: "round-a.txt", range: 2...4, maxBytes: 10, by: tester, in: region)
        #expect(part == Array("234".utf8))
        let head = try client.head(bucket: bucket, key: "round-a.txt", by: tester, in: region)
        #expect(head.size == 10 && head.etag == etag && head.contentType == "text/plain" && head.lastModified != nil)
        try client.put([], bucket: bucket, key: "round-b", by: tester, in: region)
        let first = try client.list(bucket: bucket, prefix: "round-", limit: 1, by: tester, in: region)
        #expect(first.objects.map(\.key) == ["round-a.txt"] && first.objects[0].lastModified != nil)
        let continuation = try #require(first.continuation)
        let rest = try client.list(
            bucket: bucket, prefix: "round-", continuation: continuation, by: tester, in: region)
        #expect(rest.objects.map(\.key) == ["round-b"] && rest.continuation == nil)
        let kept = try client.delete(
            bucket: bucket, keys: ["round-a.txt", "round-b", "round-never"], by: tester, in: region)
        #expect(kept.isEmpty)
        for missing in ["round-a.txt", "round-never"] {
            let head = #expect(throws: AWSError.self) {
                try client.head(bucket: bucket, key: missing, by: tester, in: region)
            }
            #expect(head?.isNotFound == true)
            let get = #expect(throws: AWSError.self) {
                try client.get(bucket: bucket, key: missing, maxBytes: 10, by: tester, in: region)
            }
            #expect(get?.isNotFound == true && get?.code == "NoSuchKey")
        }
        let nowhere = #expect(throws: AWSError.self) {
            try client.list(bucket: "no-such-bucket", prefix: "", by: tester, in: region)
        }
        #expect(nowhere?.code == "NoSuchBucket" && nowhere?.isNotFound == true)
    }

    @Test func objectsAreStreamed() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let bytes = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try client.put(
            size: Int64(bytes.count), sha256: hex(sha256(bytes)), bucket: bucket, key: "stream", by: tester, in: region
        ) { offset, max in Array(bytes[Int(offset)...].prefix(max)) }
        var received: [UInt8] = []
        let head = try client.get(bucket: bucket, key: "stream", by: tester, in: region) { received += $0 }
        #expect(received == bytes && head.size == 1_500_000)
        let wrong = #expect(throws: AWSError.self) {
            try client.put(
                size: 1, sha256: SigV4.emptyBodyHash, bucket: "no-such-bucket", key: "k", by: tester, in: region
            ) { _, _ in [1] }
        }
        #expect(wrong?.isNotFound == true)
    }

    @Test func anUploadInParts() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let parts = [[UInt8](repeating: 1, count: 5 << 20), [2, 2, 2]]
        let upload = try client.createMultipartUpload(bucket: bucket, key: "parts", by: tester, in: region)
        var etags: [String] = []
        for (index, part) in parts.enumerated() {
            etags.append(try client.uploadPart(part, number: index + 1, of: upload, by: tester, in: region))
        }
        let etag = try client.completeMultipartUpload(upload, etags: etags, by: tester, in: region)
        #expect(etag?.hasSuffix("-2\"") == true)
        #expect(try client.head(bucket: bucket, key: "parts", by: tester, in: region).size == (5 << 20) + 3)
        let other = try client.createMultipartUpload(bucket: bucket, key: "given-up", by: tester, in: region)
        try client.abortMultipartUpload(other, by: tester, in: region)
        let gone = #expect(throws: AWSError.self) {
            try client.abortMultipartUpload(other, by: tester, in: region)
        }
        #expect(gone?.isNotFound == true)
    }
}

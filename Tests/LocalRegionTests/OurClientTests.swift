import AWS
import Cryptography
import FoundationEssentials
import HTTP
import HTTPClient
import JSON
import PostgreSQL
import Processes
import TestRegion
import TestSupport
import Testing

@testable import LocalRegion

/// Our own client, which the worker and the runner use, against the region.
@Suite struct OurClientTests {
    private let lent: LentRegion
    private let keys: AWSCredentials
    private let name = RegionUnderTest.name
    private let bucket = FirstStart.bucket

    init() throws {
        lent = try LentRegion()
        keys = try lent.region.keys()
    }

    private var region: RegionUnderTest { lent.region }

    private func client() throws -> AWSClient { try region.client() }

    @Test(arguments: ["a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z"])
    func objects(key: String) throws {
        var client = try client()
        let body = Array("body of \(key)".utf8)
        let etag = try client.put(body, bucket: bucket, key: key, contentType: "text/x", by: keys, in: name)
        #expect(try client.get(bucket: bucket, key: key, maxBytes: 1000, by: keys, in: name) == body)
        #expect(
            try client.get(bucket: bucket, key: key, range: 1...3, maxBytes: 9, by: keys, in: name)
                == Array(body[1...3]))
        let head = try client.head(bucket: bucket, key: key, by: keys, in: name)
        #expect(head.size == Int64(body.count) && head.etag == etag && head.contentType == "text/x")
        let listed = try client.list(bucket: bucket, prefix: key, by: keys, in: name)
        #expect(listed.objects.map(\.key) == [key] && listed.continuation == nil)
        #expect(try client.delete(bucket: bucket, keys: [key], by: keys, in: name).isEmpty)
        let gone = #expect(throws: AWSError.self) {
            try client.head(bucket: bucket, key: key, by: keys, in: name)
        }
        #expect(gone?.isNotFound == true)
    }

    @Test func overTLS() throws {
        var client = try region.client(overTLS: true)
        let key = "a b/ü//x"
        _ = try client.put(Array("body".utf8), bucket: bucket, key: key, by: keys, in: name)
        #expect(try client.get(bucket: bucket, key: key, maxBytes: 9, by: keys, in: name) == Array("body".utf8))
        #expect(try client.callerIdentity(by: keys, in: name).account == "000000000000")
    }

    /// Asked for in a Region that it is not in, by each kind of answer: with a document and, to HEAD, without.
    @Test func aBucketOfAnotherRegion() throws {
        func client() throws -> AWSClient {
            let endpoints = try AWSEndpoints(overrides: [name: region.endpoint, "us-local-2": region.endpoint])
            var client = AWSClient(
                endpoints: endpoints, http: HTTPClient(.init(isAllowed: { _ in true })), now: Clock.milliseconds)
            client.retry = .never
            return client
        }
        var first = try client()
        var second = try client()
        var third = try client()
        try first.put([1, 2], bucket: bucket, key: "k", by: keys, in: "us-local-2")
        #expect(try second.head(bucket: bucket, key: "k", by: keys, in: "us-local-2").size == 2)
        #expect(try third.get(bucket: bucket, key: "k", maxBytes: 9, by: keys, in: "us-local-2") == [1, 2])
        let none = #expect(throws: AWSError.self) {
            try second.head(bucket: bucket, key: "none", by: keys, in: "us-local-2")
        }
        #expect(none?.status == 404 && none?.isNotFound == true)
    }

    @Test func aStreamIsWhatItSaid() throws {
        var client = try client()
        let body = [UInt8]((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
        func put(_ digest: String) throws {
            try client.put(
                size: Int64(body.count), sha256: digest, bucket: bucket, key: "k", by: keys, in: name
            ) { offset, max in Array(body[Int(offset)...].prefix(max)) }
        }
        let wrong = #expect(throws: AWSError.self) { try put(hex(sha256([1]))) }
        #expect(wrong?.code == "XAmzContentSHA256Mismatch")
        #expect(try client.list(bucket: bucket, prefix: "", by: keys, in: name).objects.isEmpty)
        try put(hex(sha256(body)))
        var back: [UInt8] = []
        try client.get(bucket: bucket, key: "k", by: keys, in: name) { back += $0 }
        #expect(back == body)
    }

    @Test func parts() throws {
        let before = try filesInPlace()
        var client = try client()
        let upload = try client.createMultipartUpload(bucket: bucket, key: "big", by: keys, in: name)
        let large = [UInt8](repeating: 7, count: 5 << 20)
        let etags = [
            try client.uploadPart(large, number: 1, of: upload, by: keys, in: name),
            try client.uploadPart([1, 2, 3], number: 2, of: upload, by: keys, in: name),
        ]
        let etag = try client.completeMultipartUpload(upload, etags: etags, by: keys, in: name)
        #expect(etag?.contains("-2") == true)
        #expect(try client.head(bucket: bucket, key: "big", by: keys, in: name).size == 5 << 20 + 3)
        // The parts' files are gone with the parts: one file is left.
        #expect(try Folder.entries(region.folder.file("objects/incoming")).isEmpty)
        #expect(try filesInPlace() == before + 1)
    }

    @Test func anUploadIsGivenUp() throws {
        var client = try client()
        let upload = try client.createMultipartUpload(bucket: bucket, key: "big", by: keys, in: name)
        _ = try client.uploadPart([1, 2, 3], number: 1, of: upload, by: keys, in: name)
        try client.abortMultipartUpload(upload, by: keys, in: name)
        let gone = #expect(throws: AWSError.self) { try client.abortMultipartUpload(upload, by: keys, in: name) }
        #expect(gone?.isNotFound == true && gone?.code == "NoSuchUpload")
    }

    private func filesInPlace() throws -> Int {
        try ObjectFiles.shards.reduce(0) { $0 + (try Folder.entries(region.folder.file("objects/\($1)")).count) }
    }

    @Test func replacedAndFailedBytesLeaveNoFiles() throws {
        let before = try filesInPlace()
        var client = try client()
        for number in 0..<3 { try client.put([UInt8(number)], bucket: bucket, key: "k", by: keys, in: name) }
        #expect(try filesInPlace() == before + 1)
        #expect(throws: AWSError.self) { try client.put([1], bucket: "no-such-bucket", key: "k", by: keys, in: name) }
        #expect(try filesInPlace() == before + 1)
        _ = try client.delete(bucket: bucket, keys: ["k"], by: keys, in: name)
        #expect(try filesInPlace() == before)
    }

    @Test func presignedAndWhoAmI() throws {
        var client = try client()
        try client.put([1, 2, 3], bucket: bucket, key: "a b", by: keys, in: name)
        let link = try client.presignGet(
            bucket: bucket, key: "a b", seconds: 60, disposition: "attachment; filename=\"x y\"", by: keys, in: name)
        var http = HTTPClient(.init(isAllowed: { _ in true }))
        let answer = try http.send(.init(method: "GET", url: link.url))
        #expect(answer.status == 200 && answer.body == [1, 2, 3])
        #expect(answer.headers.first("content-disposition") == "attachment; filename=\"x y\"")
        let identity = try client.callerIdentity(by: keys, in: name)
        #expect(identity.arn.hasSuffix(":user/first") && identity.account == "000000000000")
    }

    @Test(arguments: ["a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z"])
    func linksForDifficultKeys(key: String) throws {
        var client = try client()
        var http = HTTPClient(.init(isAllowed: { _ in true }))
        let put = try client.presignPut(
            bucket: bucket, key: key, seconds: 60, headers: [("content-type", "text/x")], by: keys, in: name)
        let other = try http.send(.init(method: "PUT", url: put.url, body: .bytes([1])))
        #expect(other.status == 403)
        let stored = try http.send(
            .init(method: "PUT", url: put.url, headers: [("content-type", "text/x")], body: .bytes([1, 2])))
        #expect(stored.status == 200)
        #expect(try client.get(bucket: bucket, key: key, maxBytes: 9, by: keys, in: name) == [1, 2])
        let get = try client.presignGet(bucket: bucket, key: key, seconds: 60, by: keys, in: name)
        #expect(try http.send(.init(url: get.url)).body == [1, 2])
        #expect(try http.send(.init(url: get.url + "0")).status == 403)
    }

    private func post(
        _ form: PresignedForm, _ content: String, _ change: (String) -> String = { $0 }
    ) throws -> HTTPClient.Response {
        var http = HTTPClient(.init(isAllowed: { _ in true }))
        let fields = form.fields.map { field in
            "--x\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n\(change(field.value))\r\n"
        }.joined()
        let file =
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n\(content)\r\n--x--\r\n"
        return try http.send(
            .init(
                method: "POST", url: form.url, headers: [("content-type", "multipart/form-data; boundary=x")],
                body: .bytes(Array((fields + file).utf8))))
    }

    @Test func aForm() throws {
        var client = try client()
        let form = try client.presignPost(
            bucket: bucket, key: "ü/a b+c", seconds: 60, sizes: 1...3, contentType: "text/x", by: keys, in: name)
        #expect(try post(form, "1234").status == 400)
        #expect(try post(form, "123") { $0 == "ü/a b+c" ? "other" : $0 }.status == 403)
        #expect(try post(form, "123").status == 204)
        #expect(try client.get(bucket: bucket, key: "ü/a b+c", maxBytes: 9, by: keys, in: name) == Array("123".utf8))
    }

    /// As after a restart of PostgreSQL: no request fails for it.
    @Test func connectionsThatDied() throws {
        var client = try client()
        client.retry = .never
        let form = try client.presignPost(
            bucket: bucket, key: "f", seconds: 60, sizes: 1...3, contentType: "text/x", by: keys, in: name)
        var superuser = try region.database.connect(.superuser)
        func endConnections() throws {
            try superuser.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'batchport_local'
                """)
        }
        for number in 0..<3 {
            try endConnections()
            try client.put([UInt8(number)], bucket: bucket, key: "k", by: keys, in: name)
            #expect(try client.get(bucket: bucket, key: "k", maxBytes: 9, by: keys, in: name) == [UInt8(number)])
            try endConnections()
            #expect(try post(form, "123").status == 204)
        }
    }

    @Test func refusalsAreDefiniteAndDropsAreNot() throws {
        var client = try client()
        client.retry = .never
        let wrong = AWSCredentials(accessKeyID: keys.accessKeyID, secretAccessKey: "wrong")
        let refused = #expect(throws: AWSError.self) { try client.callerIdentity(by: wrong, in: name) }
        #expect(refused?.outcome == .refused && refused?.status == 403)
        // On a connection used before, libcurl would try once more by itself.
        var fresh = try self.client()
        fresh.retry = .never
        var owner = try region.database.connect(.local)
        try owner.execute("INSERT INTO faults (operation, kind) VALUES ('PutObject', 'dropAfter')")
        let dropped = #expect(throws: AWSError.self) {
            try fresh.put([1], bucket: bucket, key: "dropped", by: keys, in: name)
        }
        #expect(dropped?.outcome == .unknown)
        #expect(try client.head(bucket: bucket, key: "dropped", by: keys, in: name).size == 1)
    }
}

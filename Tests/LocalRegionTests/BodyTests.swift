import Cryptography
import HTTP
import Testing

@testable import LocalRegion

@Suite struct BodyTests {
    /// The check values of the CRC catalogue: of "123456789".
    @Test(arguments: [
        (ChecksumKind.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ])
    func checksums(kind: ChecksumKind, expected: String) {
        var checksum = Checksum(kind)
        checksum.update(Array("1234".utf8))
        checksum.update([])
        checksum.update(Array("56789".utf8))
        let found = hex(checksum.finish())
        #expect(found == expected)
    }

    private func chunks(_ text: String, pieces: Int) throws -> (content: String, trailers: [String: String]) {
        var rest = Array(text.utf8)[...]
        var body = RequestBody(length: text.utf8.count) { max in
            defer { rest = rest.dropFirst(min(max, pieces)) }
            return Array(rest.prefix(min(max, pieces)))
        }
        var reader = ChunkReader()
        var content: [UInt8] = []
        while let piece = try reader.next(&body) { content += piece }
        return (String(decoding: content, as: UTF8.self), reader.trailers)
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func chunkedContent(pieces: Int) throws {
        let text = "5\r\nhello\r\nA;x=y\r\n\r\n0\r\n\r\nabc\r\n0\r\nX-Amz-Checksum-CRC32: NhCmhg==\r\n\r\n"
        let (content, trailers) = try chunks(text, pieces: pieces)
        #expect(content == "hello\r\n0\r\n\r\nabc")
        #expect(trailers == ["x-amz-checksum-crc32": "NhCmhg=="])
    }

    @Test(arguments: [
        "", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
        "-5\r\nhello\r\n",
        "g\r\n\r\n", "5\nhello\n0\n\n", "0\r\n\r\nmore", "fffffffff\r\n", "\r\n0\r\n\r\n", "0\r\nno colon\r\n\r\n",
    ])
    func chunksThatAreNot(text: String) {
        #expect(throws: (any Error).self) { try chunks(text, pieces: 4) }
    }

    @Test(arguments: [
        "AKIA/20261125/us-local-1/s3/aws4_request", "A/20261125/r/batch/aws4_request",
    ])
    func scopes(text: String) throws {
        #expect(try #require(LocalScope(text[...])).text == text.drop { $0 != "/" }.dropFirst())
    }

    @Test(arguments: [
        "", "AKIA", "AKIA/20261125/us-local-1/s3", "AKIA/2026112/r/s3/aws4_request", "AKIA/20261125//s3/aws4_request",
        "AKIA/20261125/r/s3/aws4_request/x", "AKIA/2026112a/r/s3/aws4_request", "/20261125/r/s3/aws4_request",
    ])
    func badScopes(text: String) {
        #expect(LocalScope(text[...]) == nil)
    }

    @Test func identities() {
        let user = LocalCaller(principal: "first", account: "000000000000", accessKeyID: "AKIA")
        let job = LocalCaller(principal: "assumed-role/job/one", account: "000000000000", accessKeyID: "ASIA")
        #expect(user.arn == "arn:aws:iam::000000000000:user/first" && user.userID.hasPrefix("AIDA"))
        #expect(job.arn == "arn:aws:sts::000000000000:assumed-role/job/one" && job.userID.hasSuffix(":one"))
        #expect(user.userID.utf8.count == 21)
    }
}

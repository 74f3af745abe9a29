import AWS
import Cryptography
import HTTP
import Testing

@testable import LocalRegion

@Suite struct BodyTests {
    /// The check values of the CRC catalogue: of "123456789".
    @Test(arguments: [
        (ChecksumKind.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
        (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
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

    private func chunks(
        _ text: String, pieces: Int, _ signatures: ChunkSignatures? = nil
    ) throws -> (content: String, trailers: [String: String]) {
        var rest = Array(text.utf8)[...]
        var body = RequestBody(length: text.utf8.count) { max in
            defer { rest = rest.dropFirst(min(max, pieces)) }
            return Array(rest.prefix(min(max, pieces)))
        }
        var reader = ChunkReader(signatures)
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

    /// As S3's documentation works it out: 66,560 times "a", in two chunks, with a checksum behind them.
    private func documented(_ text: (String) -> String = { $0 }) throws -> String {
        let chunk = { (size: Int, signature: String) in
            "\(String(size, radix: 16));chunk-signature=\(signature)\r\n"
                + (size == 0 ? "" : String(repeating: "a", count: size) + "\r\n")
        }
        let body =
            chunk(65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2")
            + chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7")
            + chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992")
            + "x-amz-checksum-crc32c:sOO8/Q==\r\n"
            + "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
        let signatures = ChunkSignatures(
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            SigV4.Scope(day: "20130524", region: "us-east-1", service: "s3"), timestamp: "20130524T000000Z",
            seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
        return try chunks(text(body), pieces: 5000, signatures).content
    }

    @Test func signedChunks() throws {
        #expect(try documented() == String(repeating: "a", count: 66_560))
    }

    @Test(arguments: [
        ("aaa\r\n400;", "aab\r\n400;"), ("b474d886", "b474d887"), ("1c1344b1", "1c1344b2"), ("2ca2aba2", "2ca2aba3"),
        ("sOO8", "sOO9"), ("d81f82fc", "d81f82fd"), (";chunk-signature=2ca2", ";other=2ca2"),
        ("x-amz-trailer-signature", "x-amz-other"), ("x-amz-checksum-crc32c:", "x-amz-checksum-crc32:"),
    ])
    func signedChunksThatWereChanged(old: String, new: String) throws {
        let fault = #expect(throws: LocalFault.self) {
            try documented { text in
                #expect(text.contains(old))
                return text.replacing(old, with: new)
            }
        }
        #expect(fault?.code == "SignatureDoesNotMatch" && fault?.status == 403)
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

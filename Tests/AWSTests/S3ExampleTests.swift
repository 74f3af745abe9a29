import AWS
import Cryptography
import Testing

/// The signatures that S3's documentation works out ("Authenticating Requests: Using the Authorization Header", "… Query
/// Parameters", "… Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks").
struct S3ExampleTests {
    private let signer = Signer(
        AWSCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        service: "s3", region: "us-east-1", at: AmzDate.parse("20130524T000000Z") ?? 0)

    private func signature(
        _ method: String, _ path: String, _ query: String = "", _ headers: [(name: String, value: String)] = [],
        host: String = "examplebucket.s3.amazonaws.com", hash: String = SigV4.emptyBodyHash
    ) throws -> String {
        let message = SigV4.Message(
            method: method, path: path, query: query,
            headers: [("Host", host), ("x-amz-content-sha256", hash)] + headers, bodyHash: hash)
        let value = try #require(signer.headers(for: message).last?.value)
        return String(value.suffix(64))
    }

    @Test func getAnObjectsRange() throws {
        #expect(
            try signature("GET", "/test.txt", "", [("Range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func putAnObject() throws {
        let headers = [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
        #expect(
            try signature(
                "PUT", "/test%24file.text", "", headers, hash: hex(sha256(Array("Welcome to Amazon S3.".utf8))))
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func getABucketsLifecycle() throws {
        #expect(
            try signature("GET", "/", "lifecycle") == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        )
    }

    @Test func listObjects() throws {
        #expect(
            try signature("GET", "/", "max-keys=2&prefix=J")
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func presignAGet() {
        let message = SigV4.Message(
            method: "GET", path: "/test.txt", headers: [("Host", "examplebucket.s3.amazonaws.com")],
            bodyHash: SigV4.unsignedPayload)
        #expect(
            signer.presignedQuery(for: message, seconds: 86_400)
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    /// The same chunks with a checksum behind them ("Signature calculations for trailing headers").
    @Test func putInSignedChunksWithATrailer() throws {
        let headers = [
            ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ]
        var last = try signature(
            "PUT", "/examplebucket/chunkObject.txt", "", headers, host: "s3.amazonaws.com",
            hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
        #expect(last == "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
        let chunks = [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ]
        for (size, expected) in chunks {
            let text = SigV4.chunkToSign(
                sha256: hex(sha256([UInt8](repeating: UInt8(ascii: "a"), count: size))), previous: last,
                timestamp: signer.timestamp, scope: signer.scope)
            last = signer.signature(of: text)
            #expect(last == expected)
        }
        let trailer = SigV4.trailersToSign(
            "x-amz-checksum-crc32c:sOO8/Q==\n", previous: last, timestamp: signer.timestamp, scope: signer.scope)
        #expect(
            signer.signature(of: trailer) == "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435")
    }

    @Test func putInSignedChunks() throws {
        let headers = [
            ("Content-Encoding", "aws-chunked"), ("Content-Length", "66824"),
            ("x-amz-decoded-content-length", "66560"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ]
        var last = try signature(
            "PUT", "/examplebucket/chunkObject.txt", "", headers, host: "s3.amazonaws.com",
            hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        #expect(last == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
        let chunks = [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ]
        for (size, expected) in chunks {
            let chunk = [UInt8](repeating: UInt8(ascii: "a"), count: size)
            let text = SigV4.chunkToSign(
                sha256: hex(sha256(chunk)), previous: last, timestamp: signer.timestamp, scope: signer.scope)
            last = signer.signature(of: text)
            #expect(last == expected)
        }
    }
}

import Cryptography
import HTTP

/// The content of a body as it arrives: chunks taken apart, digests kept, and what was promised compared at the end.
struct ObjectBody: ~Copyable {
    private let promises: BodyPromises
    private var chunks: ChunkReader
    private var md5 = MD5Hasher()
    private var sha256: Checksum?
    private var checksum: Checksum?
    private var size = 0

    /// What the bytes turned out to be.
    struct Result: Sendable {
        let size: Int
        /// 16 bytes.
        let md5: [UInt8]
        /// The one that came with it, in base64.
        let checksum: StoredHeaders.Checksum?
    }

    init(_ promises: BodyPromises) {
        self.promises = promises
        chunks = ChunkReader(promises.signatures)
        sha256 = promises.sha256 == nil ? nil : Checksum(.sha256)
        checksum = promises.kind.map { Checksum($0) }
    }

    /// Hands every piece on, in order. Throws before the end is announced if a promise was broken.
    mutating func read(_ body: inout RequestBody, limit: Int, each: ([UInt8]) throws -> Void) throws -> Result {
        if let length = promises.length, length > limit { throw BodyError.tooLarge }
        while let piece = try promises.isChunked ? chunks.next(&body) : body.chunk(max: 1 << 18) {
            size += piece.count
            guard size <= limit else { throw BodyError.tooLarge }
            md5.update(piece)
            sha256?.update(piece)
            checksum?.update(piece)
            try each(piece)
        }
        return try finish()
    }

    private mutating func finish() throws(LocalFault) -> Result {
        if let length = promises.length, length != size {
            throw LocalFault(
                code: "IncompleteBody",
                message: "You did not provide the number of bytes specified by the Content-Length HTTP header")
        }
        let digest = md5.finish()
        if let expected = promises.md5, expected != digest {
            throw LocalFault(
                code: "BadDigest", message: "The Content-MD5 you specified did not match what we received.",
                details: [("ExpectedDigest", base64(expected)), ("CalculatedDigest", base64(digest))])
        }
        if let found = sha256?.finish() { try promises.compare(sha256: hex(found)) }
        guard let kind = checksum?.kind, let sum = checksum?.finish() else {
            return Result(size: size, md5: digest, checksum: nil)
        }
        try promises.compare(kind, base64(sum), trailer: chunks.trailers[kind.header])
        return Result(size: size, md5: digest, checksum: .init(kind: kind, value: base64(sum)))
    }
}

extension BodyPromises {
    fileprivate func compare(sha256 found: String) throws(LocalFault) {
        guard let sha256, sha256 != found else { return }
        throw LocalFault(
            code: "XAmzContentSHA256Mismatch",
            message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
            details: [
                ("ClientComputedContentSHA256", sha256), ("S3ComputedContentSHA256", found),
            ])
    }

    fileprivate func compare(_ kind: ChecksumKind, _ found: String, trailer: String?) throws(LocalFault) {
        guard checksum ?? trailer != found else { return }
        throw LocalFault(
            code: "BadDigest", message: "The \(kind.name) you specified did not match the calculated checksum.")
    }
}

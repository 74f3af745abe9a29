import Cryptography
import HTTP

/// What a request promises about the bytes of its body; kept, or nothing is stored.
struct BodyPromises: Sendable {
    /// Of the content, in bytes, without the framing of chunks.
    var length: Int?
    /// Hexadecimal.
    var sha256: String?
    var md5: [UInt8]?
    var kind: ChecksumKind?
    /// Base64; nil where it comes in the trailer.
    var checksum: String?
    var isChunked = false
    /// Of the chunks, where they are signed.
    var signatures: ChunkSignatures?

    init() {}

    /// `isContent` is false where checksums in the headers are another thing's (the object's, of which the body only
    /// lists the parts).
    init(_ call: S3Call, isContent: Bool = true) throws(LocalFault) {
        let headers = call.request.headers
        // Of a body in HTTP's chunks the web server knows the length only if it came quickly.
        length = headers.first("transfer-encoding") == nil ? call.request.contentLength : nil
        if case .sha256(let digest) = call.payload { sha256 = digest }
        if call.payload.isChunked {
            isChunked = true
            signatures = call.signatures
            length = headers.first("x-amz-decoded-content-length").flatMap { Int($0) }
        }
        if let text = headers.first("content-md5") {
            guard let digest = unbase64(text), digest.count == 16 else {
                throw LocalFault(code: "InvalidDigest", message: "The Content-MD5 you specified was invalid.")
            }
            md5 = digest
        }
        if isContent { try readChecksum(headers) }
    }

    private mutating func readChecksum(_ headers: Headers) throws(LocalFault) {
        let trailer = headers.first("x-amz-trailer")?.lowercased()
        for field in headers.fields where field.name.hasPrefix("x-amz-checksum-") || field.name == "x-amz-trailer" {
            let name = field.name == "x-amz-trailer" ? trailer ?? "" : field.name
            guard !["x-amz-checksum-mode", "x-amz-checksum-type", "x-amz-checksum-algorithm"].contains(name) else {
                continue
            }
            guard let found = ChecksumKind.allCases.first(where: { $0.header == name }) else {
                throw LocalFault(
                    status: 501, code: "NotImplemented",
                    message: "The local region does not check \(name); use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256.")
            }
            guard kind == nil else {
                throw LocalFault(
                    code: "InvalidRequest",
                    message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
            }
            kind = found
            checksum = field.name == "x-amz-trailer" ? nil : field.value
        }
    }
}

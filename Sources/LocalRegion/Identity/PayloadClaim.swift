import HTTP

/// What a signed S3 request says about its body (`x-amz-content-sha256`).
enum PayloadClaim: Sendable, Equatable {
    /// 64 hexadecimal digits, which the bytes must have.
    case sha256(String)
    case unsigned
    /// `aws-chunked` with trailers, none of it signed.
    case unsignedChunks
    /// `aws-chunked`, each chunk with its signature, and the trailers with theirs.
    case signedChunks(hasTrailer: Bool)

    var isChunked: Bool {
        switch self {
        case .sha256, .unsigned: false
        case .unsignedChunks, .signedChunks: true
        }
    }

    /// The word as it stands in the canonical request.
    var word: String {
        switch self {
        case .sha256(let digest): digest
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .unsignedChunks: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        case .signedChunks(let hasTrailer): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + (hasTrailer ? "-TRAILER" : "")
        }
    }

    init(_ request: Request, _ claim: SignatureClaim) throws(LocalFault) {
        let name = "x-amz-content-sha256"
        guard let word = request.headers.first(name) else {
            guard claim.form != .header else {
                throw LocalFault(
                    code: "InvalidRequest", message: "Missing required header for this request: \(name)")
            }
            self = .unsigned
            return
        }
        switch word {
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .unsignedChunks
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .signedChunks(hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .signedChunks(hasTrailer: true)
        case let digest where digest.utf8.count == 64 && digest.utf8.allSatisfy(Self.isHexadecimal):
            self = .sha256(digest)
        case let other where other.hasPrefix("STREAMING-"):
            throw LocalFault(
                status: 501, code: "NotImplemented",
                message: "The local region reads no \(other); sign with AWS4-HMAC-SHA256.")
        default:
            throw LocalFault(
                code: "InvalidArgument",
                message:
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                    + "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid "
                    + "sha256 value.")
        }
    }

    private static func isHexadecimal(_ unit: UInt8) -> Bool {
        (0x30...0x39).contains(unit) || (0x61...0x66).contains(unit)
    }
}

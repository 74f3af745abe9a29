import Cryptography
import HTTP

/// Which checksum an object that comes in parts is to have, and of what.
struct UploadChecksum: Sendable, Equatable {
    let kind: ChecksumKind
    /// Of the parts' checksums, instead of the whole object.
    let isComposite: Bool

    var type: String { isComposite ? "COMPOSITE" : "FULL_OBJECT" }

    /// As CreateMultipartUpload asks for it; nil where it does not.
    static func asked(_ request: Request) throws(LocalFault) -> UploadChecksum? {
        let type = request.headers.first(StoredHeaders.checksumType)
        guard let name = request.headers.first("x-amz-checksum-algorithm") else {
            guard type == nil else {
                throw LocalFault(
                    code: "InvalidRequest",
                    message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
                )
            }
            return nil
        }
        guard let kind = ChecksumKind(name: name) else {
            throw LocalFault(
                status: 501, code: "NotImplemented",
                message: "The local region has no checksum \(name); use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256.")
        }
        let found = UploadChecksum(kind: kind, isComposite: type.map { $0 == "COMPOSITE" } ?? (kind != .crc64nvme))
        let isPossible = found.isComposite ? kind != .crc64nvme : ![.sha1, .sha256].contains(kind)
        guard isPossible, type == nil || type == found.type else {
            throw LocalFault(
                code: "InvalidRequest",
                message: "The \(type ?? found.type) checksum type cannot be used with the \(kind.rawValue) checksum "
                    + "algorithm.")
        }
        return found
    }

    /// A part must come with the upload's own checksum, and with no other.
    func check(_ part: StoredHeaders.Checksum?) throws(LocalFault) {
        guard part?.kind != kind, part != nil || isComposite else { return }
        throw LocalFault(
            code: "InvalidRequest",
            message: "Checksum Type mismatch occurred, expected checksum Type: \(kind.rawValue), actual checksum Type: "
                + (part?.kind.rawValue ?? "null"))
    }

    /// Of parts in their order, each with its checksum in base64: as S3 writes it, `…-N`.
    func composite(_ parts: [UploadPart]) -> String {
        var checksum = Checksum(kind)
        for part in parts { checksum.update(part.checksum.flatMap(unbase64) ?? []) }
        return "\(base64(checksum.finish()))-\(parts.count)"
    }
}

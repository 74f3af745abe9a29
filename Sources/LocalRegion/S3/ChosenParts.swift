import Cryptography

/// The parts that an object is to be made of, as its client lists them, found to be there and as they should be.
struct ChosenParts: Sendable {
    /// In order.
    let parts: [UploadPart]

    /// All parts but the last have at least 5 MiB.
    static let leastPart = 5 << 20

    var size: Int { parts.reduce(0) { $0 + $1.size } }

    /// The digest of the parts' digests, and their number; without quotation marks.
    var etag: String {
        var hasher = MD5Hasher()
        for part in parts { hasher.update(unhex(part.etag) ?? []) }
        return "\(hex(hasher.finish()))-\(parts.count)"
    }

    init(
        _ wanted: [CompleteUpload.Document.Part], from there: [UploadPart], _ upload: Upload
    ) throws(LocalFault) {
        guard !wanted.isEmpty else {
            throw LocalFault(code: "MalformedXML", message: "You must specify at least one part")
        }
        guard zip(wanted, wanted.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw LocalFault(
                code: "InvalidPartOrder",
                message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
                details: [("UploadId", upload.id)])
        }
        let known = Dictionary(uniqueKeysWithValues: there.map { ($0.number, $0) })
        var chosen: [UploadPart] = []
        for part in wanted {
            guard let found = known[part.number], found.etag == part.etag.filter({ $0 != "\"" }) else {
                throw Self.invalid(part, upload)
            }
            try Self.check(part, found, upload)
            chosen.append(found)
        }
        if let small = chosen.dropLast().first(where: { $0.size < Self.leastPart }) {
            throw LocalFault(
                code: "EntityTooSmall", message: "Your proposed upload is smaller than the minimum allowed size",
                details: [
                    ("ProposedSize", String(small.size)), ("MinSizeAllowed", String(Self.leastPart)),
                    ("PartNumber", String(small.number)),
                ])
        }
        parts = chosen
    }

    private static func check(
        _ wanted: CompleteUpload.Document.Part, _ found: UploadPart, _ upload: Upload
    ) throws(LocalFault) {
        guard let checksum = upload.checksum else { return }
        if let said = wanted.checksum(checksum.kind) {
            guard said == found.checksum else { throw invalid(wanted, upload) }
        } else if checksum.isComposite {
            throw LocalFault(
                code: "InvalidRequest",
                message: "The upload was created using a \(checksum.kind.rawValue) checksum. The complete request must "
                    + "include the checksum for each part. It was missing for part \(wanted.number) in the request.")
        }
    }

    private static func invalid(_ part: CompleteUpload.Document.Part, _ upload: Upload) -> LocalFault {
        LocalFault(
            code: "InvalidPart",
            message: "One or more of the specified parts could not be found. The part may not have been uploaded, or "
                + "the specified entity tag may not match the part's entity tag.",
            details: [("UploadId", upload.id), ("PartNumber", String(part.number)), ("ETag", part.etag)])
    }
}

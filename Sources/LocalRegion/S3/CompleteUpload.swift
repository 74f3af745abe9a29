import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL
import Processes

/// CompleteMultipartUpload: the parts become one file, then one object.
enum CompleteUpload {
    struct Document: Decodable {
        struct Part: Decodable {
            let number: Int
            let etag: String
            let crc32, crc32c, crc64nvme, sha1, sha256: String?

            enum CodingKeys: String, CodingKey {
                case number = "PartNumber"
                case etag = "ETag"
                case crc32 = "ChecksumCRC32"
                case crc32c = "ChecksumCRC32C"
                case crc64nvme = "ChecksumCRC64NVME"
                case sha1 = "ChecksumSHA1"
                case sha256 = "ChecksumSHA256"
            }

            func checksum(_ kind: ChecksumKind) -> String? {
                switch kind {
                case .crc32: crc32
                case .crc32c: crc32c
                case .crc64nvme: crc64nvme
                case .sha1: sha1
                case .sha256: sha256
                }
            }
        }

        let parts: [Part]

        enum CodingKeys: String, CodingKey { case parts = "Part" }
    }

    static func answer(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        let condition = try WriteCondition(call.request)
        let document = try XMLDocument.decode(Document.self, try call.document(&body, isContent: false))
        let upload = try Upload.require(call, &database)
        let parts = try ChosenParts(document.parts, from: try UploadPart.all(of: upload.id, &database), upload)
        let (id, checksum) = try join(parts.parts, call, upload)
        var headers = upload.headers
        headers.checksum = checksum
        let object = NewObject(
            bucket: call.bucket, key: call.key, id: id, size: parts.size, etag: parts.etag, headers: headers,
            tags: upload.tags, condition: condition)
        try PutObject.publish(call.files, object.id, &database) { database in
            try upload.lock(&database)
            let replaced = try object.insert(&database).replaced
            return try upload.remove(&database) + replaced
        }
        return .xml(
            XMLText.document("CompleteMultipartUploadResult", namespace: S3Service.namespace) { xml in
                xml.element("Location", ObjectAddress.of(call.request.rawPath, call.request, call.server))
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("ETag", "\"\(object.etag)\"")
                if let checksum { xml.checksum(checksum) }
            })
    }

    /// The parts in one file, and its checksum; nothing is left of it if that is not the promised one.
    private static func join(
        _ parts: [UploadPart], _ call: S3Call, _ upload: Upload
    ) throws -> (UUID, StoredHeaders.Checksum?) {
        var whole = try call.files.receive()
        var sum = upload.checksum.flatMap { $0.isComposite ? nil : Checksum($0.kind) }
        for part in parts {
            let file = try call.files.open(part.id)
            while case let bytes = try file.read(max: 1 << 20), !bytes.isEmpty {
                sum?.update(bytes)
                try whole.write(bytes)
            }
        }
        let full = sum?.finish()
        let checksum = upload.checksum.map { wanted in
            StoredHeaders.Checksum(kind: wanted.kind, value: full.map { base64($0) } ?? wanted.composite(parts))
        }
        try check(checksum, size: parts.reduce(0) { $0 + $1.size }, call.request)
        try whole.keep()
        return (whole.id, checksum)
    }

    /// What the request says of the whole.
    private static func check(
        _ found: StoredHeaders.Checksum?, size: Int, _ request: Request
    ) throws(LocalFault) {
        if let text = request.headers.first("x-amz-mp-object-size"), Int(text) != size {
            throw LocalFault(
                code: "InvalidRequest",
                message: "The provided 'x-amz-mp-object-size' header value \(text) does not match what was computed: "
                    + "\(size)")
        }
        for kind in ChecksumKind.allCases {
            guard let promised = request.headers.first(kind.header) else { continue }
            let plain = found?.value.prefix { $0 != "-" }
            guard found?.kind == kind, promised == found?.value || promised == plain.map(String.init) else {
                throw LocalFault(
                    code: "BadDigest", message: "The \(kind.name) you specified did not match the calculated checksum.")
            }
        }
    }
}

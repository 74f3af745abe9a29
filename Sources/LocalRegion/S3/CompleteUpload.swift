import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL
import Processes

/// CompleteMultipartUpload: the parts become one file, then one object.
enum CompleteUpload {
    /// All parts but the last have at least 5 MiB.
    static let leastPart = 5 << 20

    private struct Document: Decodable {
        struct Part: Decodable {
            let number: Int
            let etag: String

            enum CodingKeys: String, CodingKey {
                case number = "PartNumber"
                case etag = "ETag"
            }
        }

        let parts: [Part]

        enum CodingKeys: String, CodingKey { case parts = "Part" }
    }

    static func answer(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        let condition = try WriteCondition(call.request)
        let document = try XMLDocument.decode(Document.self, try call.document(&body))
        let upload = try MultipartUpload.require(call, &database)
        let parts = try choose(document.parts, from: try UploadPart.all(of: upload, &database), upload)
        let headers = try database.row("SELECT headers FROM uploads WHERE id = \(upload)") {
            try StoredHeaders(try $0.json(0))
        }
        let object = NewObject(
            bucket: call.bucket, key: call.key, id: try join(parts, call.files),
            size: parts.reduce(0) { $0 + $1.size }, etag: etag(of: parts), headers: headers ?? StoredHeaders(),
            condition: condition)
        try PutObject.publish(call.files, object.id, &database) { database in
            try MultipartUpload.lock(call, upload, &database)
            let replaced = try object.insert(&database).map { [$0] } ?? []
            return try MultipartUpload.remove(upload, &database) + replaced
        }
        return .xml(
            XMLText.document("CompleteMultipartUploadResult", namespace: S3Service.namespace) { xml in
                xml.element("Location", "\(call.server.endpoint)\(call.request.rawPath)")
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("ETag", "\"\(object.etag)\"")
            })
    }

    private static func choose(
        _ wanted: [Document.Part], from parts: [UploadPart], _ upload: String
    ) throws(LocalFault) -> [UploadPart] {
        guard !wanted.isEmpty else {
            throw LocalFault(code: "MalformedXML", message: "You must specify at least one part")
        }
        guard zip(wanted, wanted.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw LocalFault(
                code: "InvalidPartOrder",
                message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
                details: [("UploadId", upload)])
        }
        let known = Dictionary(uniqueKeysWithValues: parts.map { ($0.number, $0) })
        var chosen: [UploadPart] = []
        for part in wanted {
            guard let found = known[part.number], found.etag == part.etag.filter({ $0 != "\"" }) else {
                throw LocalFault(
                    code: "InvalidPart",
                    message: "One or more of the specified parts could not be found. The part may not have been "
                        + "uploaded, or the specified entity tag may not match the part's entity tag.",
                    details: [("UploadId", upload), ("PartNumber", String(part.number)), ("ETag", part.etag)])
            }
            chosen.append(found)
        }
        if let small = chosen.dropLast().first(where: { $0.size < leastPart }) {
            throw LocalFault(
                code: "EntityTooSmall", message: "Your proposed upload is smaller than the minimum allowed size",
                details: [
                    ("ProposedSize", String(small.size)), ("MinSizeAllowed", String(leastPart)),
                    ("PartNumber", String(small.number)),
                ])
        }
        return chosen
    }

    private static func join(_ parts: [UploadPart], _ files: ObjectFiles) throws -> UUID {
        var whole = try files.receive()
        for part in parts {
            let file = try files.open(part.id)
            while case let bytes = try file.read(max: 1 << 20), !bytes.isEmpty { try whole.write(bytes) }
        }
        try whole.keep()
        return whole.id
    }

    /// The digest of the parts' digests, and their number.
    private static func etag(of parts: [UploadPart]) -> String {
        var hasher = MD5Hasher()
        for part in parts { hasher.update(unhex(part.etag) ?? []) }
        return "\(hex(hasher.finish()))-\(parts.count)"
    }
}

import AWS
import HTTP
import PostgreSQL

/// What of uploads in parts is there.
enum ListUploads {
    static func parts(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let upload = try Upload.require(call, &database)
        let limit = try call.limit("max-parts")
        let after = Int(try call.query("part-number-marker") ?? "") ?? 0
        let found = try UploadPart.all(of: upload.id, after: after, limit: limit + 1, &database)
        let shown = found.prefix(limit)
        return .xml(
            XMLText.document("ListPartsResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("UploadId", upload.id)
                xml.owner(call.caller, as: "Initiator")
                xml.owner(call.caller)
                xml.element("StorageClass", "STANDARD")
                xml.element("PartNumberMarker", after)
                xml.element("NextPartNumberMarker", shown.last?.number ?? 0)
                xml.element("MaxParts", limit)
                xml.element("IsTruncated", found.count > limit)
                if let checksum = upload.checksum {
                    xml.element("ChecksumAlgorithm", checksum.kind.name)
                    xml.element("ChecksumType", checksum.type)
                }
                for part in shown { xml.part(part, upload.checksum) }
            })
    }

    /// By key, and of one key by id.
    static func uploads(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try Buckets.require(call.bucket, &database)
        let wanted = try UploadPage(call)
        let encodes = try call.encodesKeys()
        let found = try wanted.read(&database)
        let shown = found.prefix(wanted.limit)
        let hasMore = wanted.limit > 0 && found.count > wanted.limit
        return .xml(
            XMLText.document("ListMultipartUploadsResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.key("KeyMarker", wanted.key, encodes)
                xml.element("UploadIdMarker", wanted.id)
                if hasMore, let last = shown.last {
                    xml.key("NextKeyMarker", last.group ?? last.key, encodes)
                    xml.element("NextUploadIdMarker", last.group == nil ? last.id : "")
                }
                xml.key("Prefix", wanted.prefix, encodes)
                if !wanted.delimiter.isEmpty { xml.key("Delimiter", wanted.delimiter, encodes) }
                xml.element("MaxUploads", wanted.limit)
                xml.element("IsTruncated", hasMore)
                if encodes { xml.element("EncodingType", "url") }
                for upload in shown where upload.group == nil { xml.upload(upload, call.caller, encodes) }
                for group in shown.compactMap(\.group) {
                    xml.element("CommonPrefixes") { $0.key("Prefix", group, encodes) }
                }
            })
    }
}

/// Which uploads a ListMultipartUploads is to show.
private struct UploadPage {
    struct Entry {
        let key: String
        let id: String
        let at: Int64
        let checksum: String?
        let isComposite: Bool
        /// What the key and others share up to the delimiter: shown instead of them.
        let group: String?
    }

    let bucket: String
    let prefix: String
    let delimiter: String
    let key: String
    let id: String
    let limit: Int

    init(_ call: S3Call) throws(LocalFault) {
        bucket = call.bucket
        prefix = try call.query("prefix") ?? ""
        delimiter = try call.query("delimiter") ?? ""
        key = try call.query("key-marker") ?? ""
        // Without a key it says nothing.
        id = key.isEmpty ? "" : try call.query("upload-id-marker") ?? ""
        limit = try call.limit("max-uploads")
    }

    /// One more than the limit, if there are more.
    func read(_ database: inout Connection) throws -> [Entry] {
        try database.rows(
            """
            WITH named AS (
                SELECT key, id, created_at, checksum, is_composite, strpos(substr(key, length(\(prefix)) + 1), \(delimiter))
                    AS place
                FROM uploads WHERE bucket = \(bucket) AND starts_with(key, \(prefix))
                    AND (key > \(key) OR key = \(key) AND \(id) <> '' AND id > \(id))),
            grouped AS (
                SELECT named.*, CASE WHEN \(delimiter) <> '' AND place > 0
                    THEN left(key, length(\(prefix)) + place + length(\(delimiter)) - 1) END AS shared
                FROM named)
            SELECT DISTINCT ON (coalesce(shared, key), CASE WHEN shared IS NULL THEN id END)
                key, id, created_at, checksum, is_composite, shared
            FROM grouped WHERE shared IS NULL OR shared > \(key)
            ORDER BY coalesce(shared, key), CASE WHEN shared IS NULL THEN id END LIMIT \(limit + 1)
            """
        ) { row in
            Entry(
                key: try row.text("key"), id: try row.text("id"), at: try row.milliseconds("created_at"),
                checksum: try row.textOptional("checksum"), isComposite: try row.bool("is_composite"),
                group: try row.textOptional("shared"))
        }
    }
}

extension XMLText {
    fileprivate mutating func upload(_ upload: UploadPage.Entry, _ caller: LocalCaller, _ encodes: Bool) {
        element("Upload") { xml in
            xml.key("Key", upload.key, encodes)
            xml.element("UploadId", upload.id)
            xml.owner(caller, as: "Initiator")
            xml.owner(caller)
            xml.element("StorageClass", "STANDARD")
            xml.element("Initiated", AmzDate.dashed(upload.at))
            guard let kind = upload.checksum.flatMap({ ChecksumKind(name: $0) }) else { return }
            let checksum = UploadChecksum(kind: kind, isComposite: upload.isComposite)
            xml.element("ChecksumAlgorithm", checksum.kind.name)
            xml.element("ChecksumType", checksum.type)
        }
    }

    fileprivate mutating func part(_ part: UploadPart, _ checksum: UploadChecksum?) {
        element("Part") { xml in
            xml.element("PartNumber", part.number)
            xml.element("LastModified", AmzDate.dashed(part.modifiedAt))
            xml.element("ETag", "\"\(part.etag)\"")
            xml.element("Size", part.size)
            if let checksum, let value = part.checksum { xml.element(checksum.kind.element, value) }
        }
    }
}

import AWS
import HTTP
import PostgreSQL

/// What of uploads in parts is there.
enum ListUploads {
    static func parts(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let upload = try MultipartUpload.require(call, &database)
        let limit = try call.limit("max-parts")
        let after = Int(try call.query("part-number-marker") ?? "") ?? 0
        let found = try UploadPart.all(of: upload, after: after, limit: limit + 1, &database)
        let shown = found.prefix(limit)
        return .xml(
            XMLText.document("ListPartsResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("UploadId", upload)
                xml.owner(call.caller, as: "Initiator")
                xml.owner(call.caller)
                xml.element("StorageClass", "STANDARD")
                xml.element("PartNumberMarker", after)
                xml.element("NextPartNumberMarker", shown.last?.number ?? 0)
                xml.element("MaxParts", limit)
                xml.element("IsTruncated", found.count > limit)
                for part in shown { xml.part(part) }
            })
    }

    /// All of a bucket, or of a prefix; one page only, since uploads are few.
    static func uploads(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try Buckets.require(call.bucket, &database)
        let encodes = try call.encodesKeys()
        let limit = try call.limit("max-uploads")
        let prefix = try call.query("prefix") ?? ""
        let found = try database.rows(
            """
            SELECT key, id, created_at FROM uploads WHERE bucket = \(call.bucket) AND starts_with(key, \(prefix))
            ORDER BY key, created_at LIMIT \(limit)
            """
        ) { row in (key: try row.text("key"), id: try row.text("id"), at: try row.milliseconds("created_at")) }
        return .xml(
            XMLText.document("ListMultipartUploadsResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.key("Prefix", prefix, encodes)
                xml.element("MaxUploads", limit)
                xml.element("IsTruncated", false)
                if encodes { xml.element("EncodingType", "url") }
                for upload in found {
                    xml.element("Upload") { xml in
                        xml.key("Key", upload.key, encodes)
                        xml.element("UploadId", upload.id)
                        xml.owner(call.caller, as: "Initiator")
                        xml.owner(call.caller)
                        xml.element("StorageClass", "STANDARD")
                        xml.element("Initiated", AmzDate.dashed(upload.at))
                    }
                }
            })
    }
}

extension XMLText {
    fileprivate mutating func part(_ part: UploadPart) {
        element("Part") { xml in
            xml.element("PartNumber", part.number)
            xml.element("LastModified", AmzDate.dashed(part.modifiedAt))
            xml.element("ETag", "\"\(part.etag)\"")
            xml.element("Size", part.size)
        }
    }
}

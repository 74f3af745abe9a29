import AWS
import HTTP
import PostgreSQL

/// ListObjectsV2.
enum ListObjects {
    static func answer(_ call: S3Call, _ database: inout Connection) throws -> Response {
        guard try call.query("list-type") == "2" else {
            throw LocalFault(status: 501, code: "NotImplemented", message: "Only list-type=2 is served.")
        }
        let prefix = try call.query("prefix") ?? ""
        let delimiter = try call.query("delimiter") ?? ""
        let limit = try call.limit("max-keys")
        let encodes = try call.encodesKeys()
        let start = try call.query("start-after")
        let token = try call.query("continuation-token")
        try Buckets.require(call.bucket, &database)
        let listing = try page(call.bucket, prefix, delimiter, limit, token: token, start: start, &database)
        let owner = try call.query("fetch-owner") == "true" ? call.caller : nil
        return .xml(
            XMLText.document("ListBucketResult", namespace: S3Service.namespace) { xml in
                xml.element("Name", call.bucket)
                xml.key("Prefix", prefix, encodes)
                if !delimiter.isEmpty { xml.key("Delimiter", delimiter, encodes) }
                if let start { xml.key("StartAfter", start, encodes) }
                if let token { xml.element("ContinuationToken", token) }
                xml.element("MaxKeys", limit)
                xml.element("KeyCount", listing.count)
                xml.element("IsTruncated", listing.continuation != nil)
                if let next = listing.continuation { xml.element("NextContinuationToken", next.token) }
                if encodes { xml.element("EncodingType", "url") }
                for entry in listing.entries { xml.entry(entry, encodes, owner) }
                for prefix in listing.prefixes {
                    xml.element("CommonPrefixes") { $0.key("Prefix", prefix, encodes) }
                }
            })
    }

    private static func page(
        _ bucket: String, _ prefix: String, _ delimiter: String, _ limit: Int, token: String?, start: String?,
        _ database: inout Connection
    ) throws -> Listing {
        var range = KeyRange(prefix: prefix)
        if let token {
            switch Listing.Continuation(token: token) {
            case .key(let key): range.start(after: key)
            case .prefix(let group): if !range.skip(group) { return Listing() }
            case nil:
                throw LocalFault(
                    code: "InvalidArgument", message: "The continuation token provided is incorrect",
                    details: [("ArgumentName", "continuation-token")])
            }
        } else if let start {
            range.start(after: start)
        }
        return try Listing.page(
            of: bucket, in: range, prefix: prefix, delimiter: delimiter, limit: limit, &database)
    }
}

extension S3Call {
    /// 0 to 1000, 1000 unless told; more is 1000.
    func limit(_ name: String) throws(LocalFault) -> Int {
        guard let text = try query(name) else { return 1000 }
        guard let number = Int(text), number >= 0 else {
            throw LocalFault(
                code: "InvalidArgument", message: "Provided \(name) not an integer or within integer range",
                details: [("ArgumentName", name), ("ArgumentValue", text)])
        }
        return min(number, 1000)
    }

    func encodesKeys() throws(LocalFault) -> Bool {
        guard let type = try query("encoding-type") else { return false }
        guard type == "url" else {
            throw LocalFault(
                code: "InvalidArgument", message: "Invalid Encoding Method specified in Request",
                details: [("ArgumentName", "encoding-type"), ("ArgumentValue", type)])
        }
        return true
    }
}

extension XMLText {
    mutating func key(_ name: StaticString, _ key: String, _ encodes: Bool) {
        element(name, encodes ? percentEncode(key, keepingSlashes: true) : key)
    }

    fileprivate mutating func entry(_ entry: Listing.Entry, _ encodes: Bool, _ owner: LocalCaller?) {
        element("Contents") { xml in
            xml.key("Key", entry.key, encodes)
            xml.element("LastModified", AmzDate.dashed(entry.modifiedAt))
            xml.element("ETag", entry.etag)
            xml.element("Size", entry.size)
            if let owner { xml.owner(owner) }
            xml.element("StorageClass", "STANDARD")
        }
    }
}

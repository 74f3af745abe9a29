import AWS
import HTTP
import PostgreSQL

/// ListObjectsV2, and ListObjects before it.
enum ListObjects {
    /// What both are asked for.
    private struct Wanted {
        let prefix: String
        let delimiter: String
        let limit: Int
        let encodes: Bool

        init(_ call: S3Call) throws(LocalFault) {
            prefix = try call.query("prefix") ?? ""
            delimiter = try call.query("delimiter") ?? ""
            limit = try call.limit("max-keys")
            encodes = try call.encodesKeys()
        }
    }

    static func second(_ call: S3Call, _ database: inout Connection) throws -> Response {
        guard try call.query("list-type") == "2" else {
            throw LocalFault(
                code: "InvalidArgument", message: "Invalid List Type specified in Request",
                details: [("ArgumentName", "list-type")])
        }
        let wanted = try Wanted(call)
        let start = try call.query("start-after")
        let token = try call.query("continuation-token")
        try Buckets.require(call.bucket, &database)
        let listing = try page(call.bucket, wanted, try place(token, start), &database)
        let owner = try call.query("fetch-owner") == "true" ? call.caller : nil
        return document(call, wanted, listing, owner) { xml in
            if let start { xml.key("StartAfter", start, wanted.encodes) }
            if let token { xml.element("ContinuationToken", token) }
            xml.element("KeyCount", listing.count)
            if let next = listing.continuation { xml.element("NextContinuationToken", next.token) }
        }
    }

    /// Goes on by a marker that the client makes itself: the last key of the page before, or NextMarker.
    static func first(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let wanted = try Wanted(call)
        let marker = try call.query("marker") ?? ""
        try Buckets.require(call.bucket, &database)
        let isGroup = Listing.group(marker, wanted.prefix, wanted.delimiter) == marker
        let place: Listing.Continuation? = marker.isEmpty ? nil : isGroup ? .prefix(marker) : .key(marker)
        let listing = try page(call.bucket, wanted, place, &database)
        return document(call, wanted, listing, call.caller) { xml in
            xml.key("Marker", marker, wanted.encodes)
            if let next = listing.continuation, !wanted.delimiter.isEmpty {
                xml.key("NextMarker", next.text, wanted.encodes)
            }
        }
    }

    private static func document(
        _ call: S3Call, _ wanted: Wanted, _ listing: Listing, _ owner: LocalCaller?, own: (inout XMLText) -> Void
    ) -> Response {
        .xml(
            XMLText.document("ListBucketResult", namespace: S3Service.namespace) { xml in
                xml.element("Name", call.bucket)
                xml.key("Prefix", wanted.prefix, wanted.encodes)
                if !wanted.delimiter.isEmpty { xml.key("Delimiter", wanted.delimiter, wanted.encodes) }
                own(&xml)
                xml.element("MaxKeys", wanted.limit)
                xml.element("IsTruncated", listing.continuation != nil)
                if wanted.encodes { xml.element("EncodingType", "url") }
                for entry in listing.entries { xml.entry(entry, wanted.encodes, owner) }
                for prefix in listing.prefixes {
                    xml.element("CommonPrefixes") { $0.key("Prefix", prefix, wanted.encodes) }
                }
            })
    }

    private static func place(_ token: String?, _ start: String?) throws(LocalFault) -> Listing.Continuation? {
        guard let token else { return start.map { .key($0) } }
        guard let place = Listing.Continuation(token: token) else {
            throw LocalFault(
                code: "InvalidArgument", message: "The continuation token provided is incorrect",
                details: [("ArgumentName", "continuation-token")])
        }
        return place
    }

    private static func page(
        _ bucket: String, _ wanted: Wanted, _ place: Listing.Continuation?, _ database: inout Connection
    ) throws -> Listing {
        var range = KeyRange(prefix: wanted.prefix)
        switch place {
        case .key(let key): range.start(after: key)
        case .prefix(let group): if !range.skip(group) { return Listing() }
        case nil: break
        }
        return try Listing.page(
            of: bucket, in: range, prefix: wanted.prefix, delimiter: wanted.delimiter, limit: wanted.limit, &database)
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

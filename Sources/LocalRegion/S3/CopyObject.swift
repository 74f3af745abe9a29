import AWS
import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL

/// CopyObject: the bytes of one object become another's, or the same object's with other headers.
enum CopyObject {
    static func answer(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let condition = try WriteCondition(call.request)
        let source = try CopySource(call.request)
        let replacesHeaders = try isReplacing("x-amz-metadata-directive", "metadata", call.request)
        let replacesTags = try isReplacing("x-amz-tagging-directive", "tagging", call.request)
        guard source.target != call.target || replacesHeaders else { throw ontoItself }
        let given = try StoredHeaders(call.request, signedHeaders: call.signedHeaders)
        let tags = try ObjectTags(header: call.request.headers.first("x-amz-tagging"))
        try Buckets.require(call.bucket, &database)
        let (object, file) = try source.open(call, withTags: !replacesTags, &database)
        try CopySource.check(object.size)
        let kind = try kind(call.request) ?? object.headers.checksum?.kind
        let (id, result) = try call.files.copy(file, 0..<object.size, checksum: kind)
        var headers = replacesHeaders ? given : object.headers
        headers.checksum = result.checksum
        let copy = NewObject(
            bucket: call.bucket, key: call.key, id: id, size: result.size, etag: hex(result.md5), headers: headers,
            tags: replacesTags ? tags : object.tags, condition: condition)
        var modifiedAt: Int64 = 0
        try PutObject.publish(call.files, id, &database) { database in
            let made = try copy.insert(&database)
            modifiedAt = made.modifiedAt
            return made.replaced
        }
        return .xml(document("CopyObjectResult", result, modifiedAt))
    }

    static func document(_ root: StaticString, _ result: ObjectBody.Result, _ modifiedAt: Int64) -> [UInt8] {
        XMLText.document(root, namespace: S3Service.namespace) { xml in
            xml.element("LastModified", AmzDate.dashed(modifiedAt))
            xml.element("ETag", "\"\(hex(result.md5))\"")
            let isWhole = root.description == "CopyObjectResult"
            if let checksum = result.checksum { xml.checksum(checksum, withType: isWhole) }
        }
    }

    private static func isReplacing(
        _ name: String, _ what: String, _ request: Request
    ) throws(LocalFault) -> Bool {
        switch request.headers.first(name) {
        case nil, "COPY": return false
        case "REPLACE": return true
        case let other?:
            throw LocalFault(
                code: "InvalidArgument", message: "Unknown \(what) directive.",
                details: [("ArgumentName", name), ("ArgumentValue", other)])
        }
    }

    private static func kind(_ request: Request) throws(LocalFault) -> ChecksumKind? {
        guard let name = request.headers.first("x-amz-checksum-algorithm") else { return nil }
        guard let kind = ChecksumKind(name: name) else {
            throw LocalFault(
                code: "InvalidRequest",
                message: "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                    + "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        }
        return kind
    }

    private static var ontoItself: LocalFault {
        LocalFault(
            code: "InvalidRequest",
            message: "This copy request is illegal because it is trying to copy an object to itself without changing "
                + "the object's metadata, storage class, website redirect location or encryption attributes.")
    }
}

extension ObjectFiles {
    /// A new file, in its place and known to nobody yet, with those bytes of an old one.
    func copy(
        _ source: OpenedFile, _ bytes: Range<Int>, checksum kind: ChecksumKind?
    ) throws -> (id: UUID, result: ObjectBody.Result) {
        var file = try receive()
        var md5 = MD5Hasher()
        var checksum = kind.map { Checksum($0) }
        try source.read(bytes) { piece in
            md5.update(piece)
            checksum?.update(piece)
            try file.write(piece)
        }
        try file.keep()
        let sum = checksum?.finish()
        let named = kind.flatMap { kind in sum.map { StoredHeaders.Checksum(kind: kind, value: base64($0)) } }
        return (file.id, ObjectBody.Result(size: bytes.count, md5: md5.finish(), checksum: named))
    }
}

extension XMLText {
    mutating func checksum(_ checksum: StoredHeaders.Checksum, withType: Bool = true) {
        element(checksum.kind.element, checksum.value)
        if withType { element("ChecksumType", checksum.type) }
    }
}

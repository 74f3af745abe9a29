import FoundationEssentials
import HTTP
import PostgreSQL

/// Objects go: one, or up to a thousand at once. One that is not there counts as gone.
enum DeleteObjects {
    private struct Document: Decodable {
        struct Object: Decodable {
            let key: String
            let version: String?

            enum CodingKeys: String, CodingKey {
                case key = "Key"
                case version = "VersionId"
            }
        }

        let objects: [Object]
        let isQuiet: Bool?

        enum CodingKeys: String, CodingKey {
            case objects = "Object"
            case isQuiet = "Quiet"
        }
    }

    static func one(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try Buckets.require(call.bucket, &database)
        try remove(call, [call.key], &database)
        return Response(status: 204)
    }

    static func many(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        try call.requireDigest()
        let document = try XMLDocument.decode(Document.self, try call.document(&body))
        guard (1...1000).contains(document.objects.count) else {
            throw LocalFault(
                code: "MalformedXML",
                message: "A request names 1 to 1000 keys; this one names \(document.objects.count).")
        }
        try Buckets.require(call.bucket, &database)
        let versioned = document.objects.filter { $0.version != nil && $0.version != "null" }.map(\.key)
        var refused: [(key: String, fault: LocalFault)] = []
        var keys: [String] = []
        for key in document.objects.map(\.key) where !versioned.contains(key) {
            let permission = Permission("s3:DeleteObject", S3Operation.arn(call.bucket, key))
            if let fault = call.access.refusal(permission) { refused.append((key, fault)) } else { keys.append(key) }
        }
        try remove(call, keys, &database)
        return .xml(
            XMLText.document("DeleteResult", namespace: S3Service.namespace) { xml in
                for key in keys where document.isQuiet != true { xml.element("Deleted") { $0.element("Key", key) } }
                for key in versioned { xml.error(key, "NoSuchVersion", "The specified version does not exist.") }
                for item in refused { xml.error(item.key, item.fault.code, item.fault.message) }
            })
    }

    private static func remove(_ call: S3Call, _ keys: [String], _ database: inout Connection) throws {
        let ids = try database.rows(
            "DELETE FROM objects WHERE bucket = \(call.bucket) AND key = ANY(\(keys)) RETURNING id"
        ) { try $0.uuid(0) }
        call.files.remove(ids)
    }
}

extension XMLText {
    fileprivate mutating func error(_ key: String, _ code: String, _ message: String) {
        element("Error") { xml in
            xml.element("Key", key)
            xml.element("Code", code)
            xml.element("Message", message)
        }
    }
}

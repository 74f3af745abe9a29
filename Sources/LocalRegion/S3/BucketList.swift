import AWS
import Cryptography
import HTTP
import PostgreSQL

/// ListBuckets: by name, a page at a time where one is asked for.
enum BucketList {
    static func answer(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let prefix = try call.query("prefix")
        let limit = try most(call)
        let after = try place(call)
        let isHere = try call.query("bucket-region").map { $0 == call.server.region } ?? true
        let found = try database.rows(
            """
            SELECT name, created_at FROM buckets
            WHERE \(isHere) AND starts_with(name, \(prefix ?? "")) AND name COLLATE "C" > \(after)
            ORDER BY name COLLATE "C" LIMIT \(limit + 1)
            """
        ) { row in (name: try row.text("name"), createdAt: try row.milliseconds("created_at")) }
        let shown = found.prefix(limit)
        return .xml(
            XMLText.document("ListAllMyBucketsResult", namespace: S3Service.namespace) { xml in
                xml.owner(call.caller)
                xml.element("Buckets") { xml in
                    for bucket in shown {
                        xml.element("Bucket") { xml in
                            xml.element("Name", bucket.name)
                            xml.element("CreationDate", AmzDate.dashed(bucket.createdAt))
                            xml.element("BucketRegion", call.server.region)
                        }
                    }
                }
                if found.count > limit, let last = shown.last {
                    xml.element("ContinuationToken", hex(Array(last.name.utf8)))
                }
                if let prefix { xml.element("Prefix", prefix) }
            })
    }

    private static func most(_ call: S3Call) throws(LocalFault) -> Int {
        guard let text = try call.query("max-buckets") else { return 10_000 }
        guard let number = Int(text), (1...10_000).contains(number) else {
            throw LocalFault(
                code: "InvalidArgument", message: "Argument max-buckets must be an integer between 1 and 10000",
                details: [("ArgumentName", "max-buckets"), ("ArgumentValue", text)])
        }
        return number
    }

    private static func place(_ call: S3Call) throws(LocalFault) -> String {
        guard let token = try call.query("continuation-token") else { return "" }
        guard let name = unhex(token).map({ String(decoding: $0, as: UTF8.self) }), !name.isEmpty,
            !name.utf8.contains(0)
        else {
            throw LocalFault(
                code: "InvalidArgument", message: "The continuation token provided is incorrect",
                details: [("ArgumentName", "continuation-token")])
        }
        return name
    }
}

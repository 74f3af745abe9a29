import AWS
import HTTP
import PostgreSQL

/// Buckets: all in the one account, everyone's.
enum Buckets {
    /// 404 unless it is there.
    static func require(_ name: String, _ database: inout Connection) throws {
        let exists = try database.row("SELECT true FROM buckets WHERE name = \(name)") { try $0.bool(0) }
        guard exists == true else {
            throw LocalFault(
                status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist",
                details: [("BucketName", name)])
        }
    }

    static func create(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        _ = try call.document(&body)
        guard isValid(call.bucket) else {
            throw LocalFault(
                code: "InvalidBucketName", message: "The specified bucket is not valid.",
                details: [("BucketName", call.bucket)])
        }
        let made = try database.execute("INSERT INTO buckets (name) VALUES (\(call.bucket)) ON CONFLICT DO NOTHING")
        guard made == 1 else {
            throw LocalFault(
                status: 409, code: "BucketAlreadyOwnedByYou",
                message: "Your previous request to create the named bucket succeeded and you already own it.",
                details: [("BucketName", call.bucket)])
        }
        return Response(status: 200, headers: Headers([("Location", "/\(call.bucket)")]))
    }

    static func head(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try require(call.bucket, &database)
        return Response(status: 200, headers: Headers([("x-amz-bucket-region", call.server.region)]))
    }

    static func delete(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try require(call.bucket, &database)
        let gone = try database.execute(
            """
            DELETE FROM buckets WHERE name = \(call.bucket)
                AND NOT EXISTS (SELECT FROM objects WHERE bucket = name)
                AND NOT EXISTS (SELECT FROM uploads WHERE bucket = name)
            """)
        guard gone == 1 else {
            throw LocalFault(
                status: 409, code: "BucketNotEmpty", message: "The bucket you tried to delete is not empty",
                details: [("BucketName", call.bucket)])
        }
        return Response(status: 204)
    }

    static func location(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try require(call.bucket, &database)
        return .xml(
            XMLText.document("LocationConstraint", namespace: S3Service.namespace) { $0.append(call.server.region) })
    }

    static func list(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let buckets = try database.rows("SELECT name, created_at FROM buckets ORDER BY name COLLATE \"C\"") { row in
            (try row.text("name"), try row.milliseconds("created_at"))
        }
        return .xml(
            XMLText.document("ListAllMyBucketsResult", namespace: S3Service.namespace) { xml in
                xml.owner(call.caller)
                xml.element("Buckets") { xml in
                    for (name, createdAt) in buckets {
                        xml.element("Bucket") { xml in
                            xml.element("Name", name)
                            xml.element("CreationDate", AmzDate.dashed(createdAt))
                        }
                    }
                }
            })
    }

    /// 3 to 63 of lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit.
    private static func isValid(_ name: String) -> Bool {
        let units = Array(name.utf8)
        guard (3...63).contains(units.count), let first = units.first, let last = units.last else { return false }
        return isPlain(first) && isPlain(last) && units.allSatisfy { isPlain($0) || $0 == 0x2D || $0 == 0x2E }
            && !name.contains("..")
    }

    private static func isPlain(_ unit: UInt8) -> Bool { (0x30...0x39).contains(unit) || (0x61...0x7A).contains(unit) }
}

extension XMLText {
    mutating func owner(_ caller: LocalCaller, as name: StaticString = "Owner") {
        element(name) { xml in
            xml.element("ID", caller.account)
            xml.element("DisplayName", caller.account)
        }
    }
}

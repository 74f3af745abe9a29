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
        try BucketConfiguration.check(try call.document(&body), region: call.server.region)
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

    /// 3 to 63 of lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit.
    private static func isValid(_ name: String) -> Bool {
        let units = Array(name.utf8)
        guard (3...63).contains(units.count), let first = units.first, let last = units.last else { return false }
        return isPlain(first) && isPlain(last) && units.allSatisfy { isPlain($0) || $0 == 0x2D || $0 == 0x2E }
            && !name.contains("..")
    }

    private static func isPlain(_ unit: UInt8) -> Bool { (0x30...0x39).contains(unit) || (0x61...0x7A).contains(unit) }
}

/// What CreateBucket asks for in its body.
private struct BucketConfiguration: Decodable {
    private enum CodingKeys: String, CodingKey {
        case region = "LocationConstraint"
        case location = "Location"
        case bucket = "Bucket"
        case tags = "Tags"
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    private let region: String?
    private let location: Anything?
    private let bucket: Anything?
    private let tags: Anything?

    static func check(_ bytes: [UInt8], region: String) throws(LocalFault) {
        if bytes.isEmpty { return }
        let asked = try XMLDocument.decode(Self.self, bytes)
        if let other = asked.region, other != region {
            throw LocalFault(
                code: "IllegalLocationConstraintException",
                message:
                    "The \(other.prefix(64)) location constraint is incompatible for the region specific endpoint this request was sent to."
            )
        }
        guard asked.location == nil, asked.bucket == nil, asked.tags == nil else {
            throw LocalFault(
                status: 501, code: "NotImplemented",
                message: "The local region has general purpose buckets without tags only.")
        }
    }
}

extension XMLText {
    mutating func owner(_ caller: LocalCaller, as name: StaticString = "Owner") {
        element(name) { xml in
            xml.element("ID", caller.account)
            xml.element("DisplayName", caller.account)
        }
    }
}

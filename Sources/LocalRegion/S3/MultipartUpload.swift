import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL

/// An object that comes in parts: begun, received part by part, given up.
enum MultipartUpload {
    static func create(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        _ = try call.document(&body)
        let headers = try StoredHeaders(call.request, signedHeaders: call.signedHeaders)
        try Buckets.require(call.bucket, &database)
        let id = base64URL(randomBytes(48))
        try database.execute(
            """
            INSERT INTO uploads (id, bucket, key, headers)
            VALUES (\(id), \(call.bucket), \(call.key), \(headers.json))
            """)
        return .xml(
            XMLText.document("InitiateMultipartUploadResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("UploadId", id)
            })
    }

    static func part(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        guard let number = try call.query("partNumber").flatMap({ Int($0) }), (1...10_000).contains(number) else {
            throw LocalFault(
                code: "InvalidArgument", message: "Part number must be an integer between 1 and 10000, inclusive",
                details: [("ArgumentName", "partNumber")])
        }
        let upload = try require(call, &database)
        let (id, result) = try PutObject.receive(call, &body)
        try PutObject.publish(call.files, id, &database) { database in
            // The upload may have been completed or given up while the bytes came.
            try lock(call, upload, &database)
            return try replace(upload, number, id, result, &database)
        }
        return PutObject.answer(result)
    }

    static func abort(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let upload = try require(call, &database)
        let ids = try database.transaction { database in
            try lock(call, upload, &database)
            return try remove(upload, &database)
        }
        call.files.remove(ids)
        return Response(status: 204)
    }

    /// The upload's id, if it is this bucket's and key's.
    static func require(_ call: S3Call, _ database: inout Connection) throws -> String {
        let id = try call.query("uploadId") ?? ""
        let found = try database.row(
            "SELECT id FROM uploads WHERE id = \(id) AND bucket = \(call.bucket) AND key = \(call.key)"
        ) { try $0.text(0) }
        guard let found else { throw missing(id) }
        return found
    }

    /// In a transaction: nobody else changes the upload until its end.
    static func lock(_ call: S3Call, _ upload: String, _ database: inout Connection) throws {
        let found = try database.row("SELECT true FROM uploads WHERE id = \(upload) FOR UPDATE") { try $0.bool(0) }
        guard found == true else { throw missing(upload) }
    }

    /// Answers the files of its parts, which nothing names any more after this transaction.
    static func remove(_ upload: String, _ database: inout Connection) throws -> [UUID] {
        let ids = try database.rows("DELETE FROM parts WHERE upload = \(upload) RETURNING id") { try $0.uuid(0) }
        try database.execute("DELETE FROM uploads WHERE id = \(upload)")
        return ids
    }

    private static func replace(
        _ upload: String, _ number: Int, _ id: UUID, _ result: ObjectBody.Result, _ database: inout Connection
    ) throws -> [UUID] {
        let old = try database.rows(
            "DELETE FROM parts WHERE upload = \(upload) AND number = \(number) RETURNING id"
        ) { try $0.uuid(0) }
        try database.execute(
            """
            INSERT INTO parts (upload, number, id, size, etag)
            VALUES (\(upload), \(number)::int, \(id), \(result.size), \(hex(result.md5)))
            """)
        return old
    }

    private static func missing(_ id: String) -> LocalFault {
        LocalFault(
            status: 404, code: "NoSuchUpload",
            message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                + "aborted or completed.", details: [("UploadId", id)])
    }
}

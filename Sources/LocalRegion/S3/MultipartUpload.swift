import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL

/// An object that comes in parts: begun, received or copied part by part, given up.
enum MultipartUpload {
    static func create(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        _ = try call.document(&body)
        let headers = try StoredHeaders(call.request, signedHeaders: call.signedHeaders)
        let tags = try ObjectTags(header: call.request.headers.first("x-amz-tagging"))
        let checksum = try UploadChecksum.asked(call.request)
        try Buckets.require(call.bucket, &database)
        let id = base64URL(randomBytes(48))
        try database.execute(
            """
            INSERT INTO uploads (id, bucket, key, headers, tags, checksum, is_composite)
            VALUES (\(id), \(call.bucket), \(call.key), \(headers.json), \(tags.json), \(checksum?.kind.rawValue),
                \(checksum?.isComposite == true))
            """)
        var response = Response.xml(
            XMLText.document("InitiateMultipartUploadResult", namespace: S3Service.namespace) { xml in
                xml.element("Bucket", call.bucket)
                xml.element("Key", call.key)
                xml.element("UploadId", id)
            })
        if let checksum {
            response.headers.add("x-amz-checksum-algorithm", checksum.kind.name)
            response.headers.add(StoredHeaders.checksumType, checksum.type)
        }
        return response
    }

    static func part(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        let number = try number(call)
        let upload = try Upload.require(call, &database)
        let (id, result) = try PutObject.receive(call, &body)
        do {
            try upload.checksum?.check(result.checksum)
        } catch {
            call.files.remove([id])
            throw error
        }
        _ = try publish(call, upload, number, id, result, &database)
        return PutObject.answer(result, isPart: true)
    }

    /// UploadPartCopy.
    static func copyPart(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let number = try number(call)
        let upload = try Upload.require(call, &database)
        let source = try CopySource(call.request)
        let (object, file) = try source.open(call, withTags: false, &database)
        let bytes = try source.range(call.request, object)
        let (id, result) = try call.files.copy(file, bytes, checksum: upload.checksum?.kind)
        let modifiedAt = try publish(call, upload, number, id, result, &database)
        return .xml(CopyObject.document("CopyPartResult", result, modifiedAt))
    }

    static func abort(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let upload = try Upload.require(call, &database)
        let ids = try database.transaction { database in
            try upload.lock(&database)
            return try upload.remove(&database)
        }
        call.files.remove(ids)
        return Response(status: 204)
    }

    private static func number(_ call: S3Call) throws(LocalFault) -> Int {
        guard let number = try call.query("partNumber").flatMap({ Int($0) }), (1...10_000).contains(number) else {
            throw LocalFault(
                code: "InvalidArgument", message: "Part number must be an integer between 1 and 10000, inclusive",
                details: [("ArgumentName", "partNumber")])
        }
        return number
    }

    /// The bytes are there: from now on they are this part. Answers its time, in milliseconds.
    private static func publish(
        _ call: S3Call, _ upload: Upload, _ number: Int, _ id: UUID, _ result: ObjectBody.Result,
        _ database: inout Connection
    ) throws -> Int64 {
        var modifiedAt: Int64?
        try PutObject.publish(call.files, id, &database) { database in
            // The upload may have been completed or given up while the bytes came.
            try upload.lock(&database)
            let old = try database.rows(
                "DELETE FROM parts WHERE upload = \(upload.id) AND number = \(number) RETURNING id"
            ) { try $0.uuid(0) }
            modifiedAt = try database.row(
                """
                INSERT INTO parts (upload, number, id, size, etag, checksum)
                VALUES (\(upload.id), \(number)::int, \(id), \(result.size), \(hex(result.md5)),
                    \(result.checksum?.value))
                RETURNING modified_at
                """
            ) { try $0.milliseconds("modified_at") }
            return old
        }
        return modifiedAt ?? 0
    }
}

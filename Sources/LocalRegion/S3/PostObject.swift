import Cryptography
import HTTP
import IAMPolicy
import PostgreSQL

/// An upload by an HTML form, allowed by its signed policy. The file must be the form's last field.
enum PostObject {
    static func answer(
        _ request: Request, _ target: S3Target, _ body: inout RequestBody, _ thread: inout LocalThread
    ) throws -> Response {
        guard var reader = MultipartReader(contentType: request.headers.first("content-type")) else {
            throw LocalFault(
                status: 412, code: "PreconditionFailed",
                message: "Bucket POST must be of the enclosure-type multipart/form-data")
        }
        let form = try fields(&reader, &body, target.bucket)
        let claim = try FormClaim(form.fields, region: thread.server.region)
        let key = try thread.database.askFirst([AccessKey.query(claim.scope.accessKeyID)])[0].row { try AccessKey($0) }
        let access = try access(try claim.check(key), request, target.bucket, &thread)
        let policy = try PostPolicy(claim.policy)
        try policy.check(form.fields, now: thread.now)
        try UnservedFeatures.check(form: form.fields)
        let name = S3Operation.arn(target.bucket, form.key)
        try access.require([Permission("s3:PutObject", name)])
        if form.fields["tagging"] != nil { try access.require([Permission("s3:PutObjectTagging", name)]) }
        let result = try store(form, policy, &reader, &body, target.bucket, &thread)
        let path = "/\(target.bucket)/\(percentEncode(form.key, keepingSlashes: true))"
        let location = ObjectAddress.of(path, request, thread.server)
        return try success(form, etag: "\"\(result)\"", target.bucket, location)
    }

    private static func access(
        _ key: AccessKey, _ request: Request, _ bucket: String, _ thread: inout LocalThread
    ) throws -> CallerAccess {
        try Buckets.require(bucket, &thread.database)
        let policy = try thread.database.row(BucketPolicy.query(bucket)) { try BucketPolicy.read($0) } ?? nil
        let caller = LocalCaller(principal: key.principal, account: thread.server.account, accessKeyID: key.id)
        let context = RequestContext.of(key, caller, request, region: thread.server.region, now: thread.now)
        return CallerAccess(
            key, caller, .s3, bucketPolicy: policy,
            context: context.merging(AccessContext(["s3:authType": ["POST"]])))
    }

    private struct Fields {
        /// Lower-case names.
        var fields: [String: String] = [:]
        var key = ""
    }

    /// All fields in front of the file.
    private static func fields(
        _ reader: inout MultipartReader, _ body: inout RequestBody, _ bucket: String
    ) throws -> Fields {
        var form = Fields()
        form.fields["bucket"] = bucket
        var bytes = 0
        while let part = try reader.next(&body) {
            let name = part.name.lowercased()
            if name == "file" {
                let filename = part.filename?.split(whereSeparator: { "/\\".contains($0) }).last
                form.key = (form.fields["key"] ?? "").replacing("${filename}", with: filename.map(String.init) ?? "")
                guard (1...1024).contains(form.key.utf8.count) else { throw Self.keyFault(form.key) }
                return form
            }
            let text = try reader.text(&body, limit: 64 << 10)
            bytes += name.utf8.count + text.utf8.count
            guard bytes <= 128 << 10 else { throw Self.tooManyFields }
            form.fields[name] = text
        }
        throw LocalFault(
            code: "InvalidArgument", message: "POST requires exactly one file upload per request.",
            details: [("ArgumentName", "file"), ("ArgumentValue", "0")])
    }

    /// Answers the ETag without quotation marks.
    private static func store(
        _ form: Fields, _ policy: PostPolicy, _ reader: inout MultipartReader, _ body: inout RequestBody,
        _ bucket: String, _ thread: inout LocalThread
    ) throws -> String {
        let headers = try StoredHeaders(form: form.fields)
        let tags = try form.fields["tagging"].map { (xml) throws(LocalFault) in
            try ObjectTags(document: Array(xml.utf8))
        }
        let range = policy.size ?? 0...PutObject.limit
        var file = try thread.files.receive()
        var md5 = MD5Hasher()
        var size = 0
        while let piece = try reader.chunk(&body) {
            size += piece.count
            guard size <= range.upperBound else { throw Self.sizeFault("EntityTooLarge", size, range) }
            md5.update(piece)
            try file.write(piece)
        }
        guard size >= range.lowerBound else { throw Self.sizeFault("EntityTooSmall", size, range) }
        // Reads to the true end, so that a form that was cut off stores nothing.
        while try reader.next(&body) != nil {}
        try file.keep()
        let etag = hex(md5.finish())
        let object = NewObject(
            bucket: bucket, key: form.key, id: file.id, size: size, etag: etag, headers: headers,
            tags: tags ?? ObjectTags())
        try PutObject.publish(thread.files, file.id, &thread.database) { database in
            try object.insert(&database).replaced
        }
        return etag
    }

    private static func success(
        _ form: Fields, etag: String, _ bucket: String, _ location: String
    ) throws -> Response {
        let headers = Headers([("ETag", etag), ("Location", location)])
        if let redirect = form.fields["success_action_redirect"], redirect.hasPrefix("http") {
            let query = "bucket=\(percentEncode(bucket))&key=\(percentEncode(form.key))&etag=\(percentEncode(etag))"
            return .redirect(to: redirect + (redirect.contains("?") ? "&" : "?") + query)
        }
        switch form.fields["success_action_status"] {
        case "200": return Response(status: 200, headers: headers)
        case "201":
            var response = Response.xml(
                XMLText.document("PostResponse") { xml in
                    xml.element("Location", location)
                    xml.element("Bucket", bucket)
                    xml.element("Key", form.key)
                    xml.element("ETag", etag)
                }, status: 201)
            response.headers.add("ETag", etag)
            response.headers.add("Location", location)
            return response
        default: return Response(status: 204, headers: headers)
        }
    }

    private static func sizeFault(_ code: String, _ size: Int, _ range: ClosedRange<Int>) -> LocalFault {
        let isLarge = code == "EntityTooLarge"
        return LocalFault(
            code: code,
            message:
                "Your proposed upload \(isLarge ? "exceeds the maximum" : "is smaller than the minimum") allowed size",
            details: [
                ("ProposedSize", String(size)),
                isLarge ? ("MaxSizeAllowed", String(range.upperBound)) : ("MinSizeAllowed", String(range.lowerBound)),
            ])
    }

    private static func keyFault(_ key: String) -> LocalFault {
        key.isEmpty
            ? LocalFault(
                code: "InvalidArgument",
                message: "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of "
                    + "the fields.", details: [("ArgumentName", "key")])
            : LocalFault(code: "KeyTooLongError", message: "Your key is too long")
    }

    private static var tooManyFields: LocalFault {
        LocalFault(
            code: "MaxPostPreDataLengthExceededError",
            message: "Your POST request fields preceding the upload file were too large.")
    }
}

import HTTP
import PostgreSQL

/// Bytes go out.
enum GetObject {
    static func answer(_ call: S3Call, _ database: inout Connection) throws -> Response {
        let (object, file) = try StoredObject.open(call.target, call.files, call.access, &database)
        var headers = Headers([
            ("ETag", object.etag), ("Last-Modified", HTTPDate.format(object.modifiedAt / 1000)),
            ("Accept-Ranges", "bytes"),
        ])
        let conditions = ReadConditions(call.request)
        try conditions.checkMatch(object)
        if conditions.isUnchanged(object) { return Response(status: 304, headers: headers) }
        object.headers.add(to: &headers, checksums: call.request.headers.first("x-amz-checksum-mode") == "ENABLED")
        if !object.tags.isEmpty { headers.add("x-amz-tagging-count", String(object.tags.count)) }
        try override(&headers, call)
        let (bytes, status) = try part(call.request, object)
        if status == 206 {
            for kind in ChecksumKind.allCases { headers.remove(kind.header) }
            headers.remove(StoredHeaders.checksumType)
            headers.add("Content-Range", "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(object.size)")
        }
        headers.add("Content-Length", String(bytes.count))
        let isHead = call.request.method == "HEAD"
        return Response(status: status, headers: headers, body: isHead ? .bytes([]) : stream(file, bytes))
    }

    /// Which bytes, and 200 or 206.
    private static func part(_ request: Request, _ object: StoredObject) throws(LocalFault) -> (Range<Int>, Int) {
        switch range(request, object) {
        case .whole: return (0..<object.size, 200)
        case .part(let bytes): return (Range(bytes), 206)
        case .unsatisfiable:
            throw LocalFault(
                status: 416, code: "InvalidRange", message: "The requested range is not satisfiable",
                details: [
                    ("RangeRequested", request.headers.first("range") ?? "none"),
                    ("ActualObjectSize", String(object.size)),
                ])
        }
    }

    private static func stream(_ file: OpenedFile, _ bytes: Range<Int>) -> Response.Body {
        .stream(length: bytes.count) { write in try file.read(bytes, each: write) }
    }

    private static func range(_ request: Request, _ object: StoredObject) -> ByteRange {
        if let condition = request.headers.first("if-range"), condition != object.etag,
            HTTPDate.parse(condition) != object.modifiedAt / 1000
        {
            return .whole
        }
        return ByteRange(request.headers.first("range"), size: object.size)
    }

    /// `response-content-type` and its kin, which only signed requests may ask for (all here are).
    private static func override(_ headers: inout Headers, _ call: S3Call) throws(LocalFault) {
        for name in StoredHeaders.kept {
            if let value = try call.query("response-\(name)") { headers.set(name, value) }
        }
    }
}

import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL

/// Bytes come in: whole objects and parts of larger ones.
enum PutObject {
    /// The most that one request may bring.
    static let limit = 5 << 30

    static func put(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        let condition = try WriteCondition(call.request)
        var headers = try StoredHeaders(call.request, signedHeaders: call.signedHeaders)
        let tags = try ObjectTags(header: call.request.headers.first("x-amz-tagging"))
        try Buckets.require(call.bucket, &database)
        let (id, result) = try receive(call, &body)
        headers.checksum = result.checksum
        let object = NewObject(
            bucket: call.bucket, key: call.key, id: id, size: result.size, etag: hex(result.md5), headers: headers,
            tags: tags, condition: condition)
        try publish(call.files, id, &database) { database in try object.insert(&database).replaced }
        return answer(result, isPart: false)
    }

    /// Only a whole object's checksum has a type.
    static func answer(_ result: ObjectBody.Result, isPart: Bool) -> Response {
        var response = Response(status: 200, headers: Headers([("ETag", "\"\(hex(result.md5))\"")]))
        if let checksum = result.checksum {
            response.headers.add(checksum.kind.header, checksum.value)
            if !isPart { response.headers.add(StoredHeaders.checksumType, checksum.type) }
        }
        return response
    }

    /// The whole body in a file in its place, known to nobody yet; an error leaves nothing behind.
    static func receive(_ call: S3Call, _ body: inout RequestBody) throws -> (id: UUID, result: ObjectBody.Result) {
        let promises = try BodyPromises(call)
        guard promises.length != nil else {
            throw LocalFault(
                status: 411, code: "MissingContentLength", message: "You must provide the Content-Length HTTP header.")
        }
        var file = try call.files.receive()
        var content = ObjectBody(promises)
        let result = try content.read(&body, limit: limit) { try file.write($0) }
        try file.keep()
        return (file.id, result)
    }

    /// Writes the row for a file in one transaction; `write` answers the files that it made obsolete. If the row was
    /// surely not written, the new file goes too; if nobody knows, it stays until it proves an orphan.
    static func publish(
        _ files: ObjectFiles, _ id: UUID, _ database: inout Connection, write: (inout Connection) throws -> [UUID]
    ) throws {
        let obsolete: [UUID]
        do {
            obsolete = try database.transaction(write)
        } catch {
            let kind = (error as? PostgresError)?.kind
            if kind != .unknownCommit { files.remove([id]) }
            throw error
        }
        files.remove(obsolete)
    }
}

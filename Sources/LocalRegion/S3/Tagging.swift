import HTTP
import PostgreSQL

/// An object's tags, read and changed by themselves: neither its time nor its ETag changes.
enum Tagging {
    static func get(_ call: S3Call, _ database: inout Connection) throws -> Response {
        guard let object = try StoredObject.find(call.bucket, call.key, &database) else {
            throw try StoredObject.missing(call.target, call.access, &database)
        }
        return .xml(
            XMLText.document("Tagging", namespace: S3Service.namespace) { xml in
                xml.element("TagSet") { xml in
                    for tag in object.tags.tags {
                        xml.element("Tag") { xml in
                            xml.element("Key", tag.key)
                            xml.element("Value", tag.value)
                        }
                    }
                }
            })
    }

    static func put(_ call: S3Call, _ body: inout RequestBody, _ database: inout Connection) throws -> Response {
        try call.requireDigest()
        try write(try ObjectTags(document: try call.document(&body)), call, &database)
        return Response(status: 200)
    }

    static func delete(_ call: S3Call, _ database: inout Connection) throws -> Response {
        try write(ObjectTags(), call, &database)
        return Response(status: 204)
    }

    private static func write(_ tags: ObjectTags, _ call: S3Call, _ database: inout Connection) throws {
        let found = try database.execute(
            "UPDATE objects SET tags = \(tags.json) WHERE bucket = \(call.bucket) AND key = \(call.key)")
        guard found == 1 else { throw try StoredObject.missing(call.target, call.access, &database) }
    }
}

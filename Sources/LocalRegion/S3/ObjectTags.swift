import HTTP
import JSON
import PostgreSQL

/// An object's tags: at most ten, each key once.
struct ObjectTags: Sendable, Equatable {
    struct Tag: Sendable, Equatable, Decodable {
        let key: String
        let value: String

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case value = "Value"
        }
    }

    private struct Document: Decodable {
        struct List: Decodable {
            let tags: [Tag]?

            enum CodingKeys: String, CodingKey { case tags = "Tag" }
        }

        let list: List

        enum CodingKeys: String, CodingKey { case list = "TagSet" }
    }

    private(set) var tags: [Tag] = []

    var isEmpty: Bool { tags.isEmpty }
    var count: Int { tags.count }

    init() {}

    /// `a=1&b=2`, as in `x-amz-tagging`.
    init(header: String?) throws(LocalFault) {
        guard let header else { return }
        guard let query = try? Query.parse(header[...]) else {
            throw LocalFault(
                code: "InvalidArgument",
                message: "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
                    + "without tag name duplicates.", details: [("ArgumentName", "x-amz-tagging")])
        }
        tags = query.items.map { Tag(key: $0.name, value: $0.value) }
        try check()
    }

    /// `<Tagging><TagSet><Tag><Key/><Value/></Tag></TagSet></Tagging>`
    init(document: [UInt8]) throws(LocalFault) {
        tags = try XMLDocument.decode(Document.self, document).list.tags ?? []
        try check()
    }

    private func check() throws(LocalFault) {
        guard tags.count <= 10 else {
            throw LocalFault(code: "BadRequest", message: "Object tags cannot be greater than 10")
        }
        for tag in tags where !(1...128).contains(tag.key.unicodeScalars.count) {
            throw LocalFault(
                code: "InvalidTag", message: "The TagKey you have provided is invalid", details: [("TagKey", tag.key)])
        }
        for tag in tags where tag.value.unicodeScalars.count > 256 {
            throw LocalFault(
                code: "InvalidTag", message: "The TagValue you have provided is invalid",
                details: [("TagKey", tag.key), ("TagValue", tag.value)])
        }
        guard Set(tags.map(\.key)).count == tags.count else {
            throw LocalFault(code: "InvalidTag", message: "Cannot provide multiple Tags with the same key")
        }
    }
}

extension ObjectTags {
    var json: JSONText {
        JSONText(JSONValue.object(tags.map { JSONValue.Member($0.key, .string($0.value)) }).serialized())
    }

    init(json: JSONText) throws {
        tags = try (JSONValue.parse(json.bytes).members ?? []).compactMap { member in
            member.value.string.map { Tag(key: member.name, value: $0) }
        }
    }
}

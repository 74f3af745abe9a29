import HTTP
import JSON
import PostgreSQL

/// The headers that an object keeps and gives back: its type, how to cache and show it, and its own `x-amz-meta-…`.
struct StoredHeaders: Sendable, Equatable {
    var fields: [String: String] = [:]

    static let kept = [
        "content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
    ]

    static let checksumType = "x-amz-checksum-type"

    /// Of the whole object (FULL_OBJECT), or, with `-N` behind it, of its N parts' checksums (COMPOSITE).
    struct Checksum: Sendable, Equatable {
        let kind: ChecksumKind
        /// Base64.
        let value: String

        var type: String { value.contains("-") ? "COMPOSITE" : "FULL_OBJECT" }
    }

    init() {}

    /// nginx hands `_` and `-` in a name on as the same thing, so the names of metadata are those that were signed.
    init(_ request: Request, signedHeaders: [String]) throws(LocalFault) {
        for name in Self.kept { fields[name] = request.headers.first(name) }
        if let encoding = fields["content-encoding"] { fields["content-encoding"] = Self.withoutChunks(encoding) }
        for name in signedHeaders where name.hasPrefix("x-amz-meta-") {
            fields[name] = request.headers.all(name.replacing("_", with: "-")).joined(separator: ",")
        }
        try check()
    }

    /// Of a form's fields (POST policy).
    init(form: [String: String]) throws(LocalFault) {
        for (name, value) in form where Self.kept.contains(name) || name.hasPrefix("x-amz-meta-") {
            fields[name] = value
        }
        try check()
    }

    var checksum: Checksum? {
        get {
            ChecksumKind.allCases.lazy.compactMap { kind in fields[kind.header].map { Checksum(kind: kind, value: $0) }
            }
            .first
        }
        set {
            for kind in ChecksumKind.allCases { fields[kind.header] = nil }
            fields[Self.checksumType] = newValue?.type
            if let newValue { fields[newValue.kind.header] = newValue.value }
        }
    }

    private func check() throws(LocalFault) {
        let metadata = fields.filter { $0.key.hasPrefix("x-amz-meta-") }
        guard metadata.reduce(0, { $0 + $1.key.utf8.count - 11 + $1.value.utf8.count }) <= 2048 else {
            throw LocalFault(
                code: "MetadataTooLarge", message: "Your metadata headers exceed the maximum allowed metadata size")
        }
    }

    /// `aws-chunked` says how the body travelled, not what the object is.
    private static func withoutChunks(_ encoding: String) -> String? {
        let parts = encoding.split(separator: ",").map { $0.drop { $0 == " " } }.filter { $0 != "aws-chunked" }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }
}

extension StoredHeaders {
    var json: JSONText {
        JSONText(JSONValue.object(fields.map { JSONValue.Member($0.key, .string($0.value)) }).serialized())
    }

    init(_ json: JSONText) throws {
        for member in try JSONValue.parse(json.bytes).members ?? [] { fields[member.name] = member.value.string }
    }

    /// Checksums only where they were asked for.
    func add(to headers: inout Headers, checksums: Bool) {
        headers.set("Content-Type", fields["content-type"] ?? "binary/octet-stream")
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where name != "content-type" {
            if checksums || !name.hasPrefix("x-amz-checksum-") { headers.set(name, value) }
        }
    }
}

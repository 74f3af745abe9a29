/// Media types of outputs: what the runner said, as far as it can be trusted, and what may be signed.
enum ContentType {
    static let unknown = "application/octet-stream"

    /// Only these keep their type in a link, so that `<img>` works; anything else is bytes to save (trust.md S43).
    private static let signed: Set<String> = ["image/png", "image/jpeg", "image/svg+xml", "text/plain"]

    static func toSign(_ type: String) -> String { signed.contains(type) ? type : unknown }

    /// It was written inside a user's container: a type and a subtype of RFC 9110's letters, or nothing.
    static func checked(_ type: String) -> String {
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        let isToken = { (part: Substring) in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || ".+-".utf8.contains(byte)
                }
        }
        return parts.count == 2 && type.utf8.count <= 100 && parts.allSatisfy(isToken) ? type : unknown
    }

    /// Worth keeping the beginning of, to show it as text.
    static func isText(_ type: String) -> Bool {
        type.hasPrefix("text/") || type.hasSuffix("+json")
            || ["application/json", "application/xml", "application/yaml", "application/toml", "application/x-ndjson"]
                .contains(type)
    }

    /// By the name, where no runner has said it.
    static func named(_ path: String) -> String {
        let suffix = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        return byName[suffix] ?? unknown
    }

    private static let byName = [
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml", "txt": "text/plain",
        "log": "text/plain", "csv": "text/csv", "tsv": "text/tab-separated-values", "md": "text/markdown",
        "json": "application/json", "jsonl": "application/x-ndjson", "xml": "application/xml",
        "yaml": "application/yaml", "yml": "application/yaml",
    ]
}

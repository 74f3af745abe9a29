package import FoundationEssentials
package import JSON

/// What a submission of an array asks for beside its code, before anything is checked.
package struct ArrayRequest {
    package enum Elements {
        /// JSON Lines or one JSON array.
        case text([UInt8])
        case upload(UUID)
        /// Those of another map: all, or only those that have no value.
        case job(UUID, onlyMissing: Bool)
    }

    package var elements: Elements?
    package var function = "f"
    package var initialization = ""
    package var workers: Int?
    /// As it was asked for; see `SplitMethod`.
    package var method: JSONValue = "Automatic"

    package init() {}
}

extension ArrayRequest {
    /// The members of api.md's submission body that only an array has.
    mutating func read(_ reader: inout ObjectReader) {
        method = reader.value("method") ?? "Automatic"
        guard let value = reader.value("elements") else { return }
        if let items = value.array {
            elements = .text(Array(items.map { $0.serialized(sortedKeys: false) + [0x0A] }.joined()))
        } else if value.members?.count == 1, let id = value["upload"]?.string.flatMap(UUID.init(uuidString:)) {
            elements = .upload(id)
        } else if value.members?.count == 1, let id = value["upload"]?.string {
            reader.refuse(
                at: "elements", "wrongType",
                "The upload must be named by its id, a UUID, not \u{201C}\(TextRules.shown(id))\u{201D}.")
        } else if let again = Self.again(value) {
            elements = again
        } else {
            reader.wrongType(
                reader.pointer(to: "elements"), "a list, {\"upload\": id}, {\"job\": id} or {…, \"only\": \"missing\"}",
                value)
        }
    }

    private static func again(_ value: JSONValue) -> Elements? {
        let names = Set((value.members ?? []).map(\.name))
        guard names.isSubset(of: ["job", "only"]), let id = value["job"]?.string.flatMap(UUID.init(uuidString:)) else {
            return nil
        }
        switch value["only"] {
        case nil, .null?: return .job(id, onlyMissing: false)
        case "missing"?: return .job(id, onlyMissing: true)
        default: return nil
        }
    }

    mutating func readCode(_ reader: inout ObjectReader) {
        function = reader.string("function") ?? "f"
        initialization = reader.string("initialization") ?? ""
        workers = reader.integer("workers")
    }
}

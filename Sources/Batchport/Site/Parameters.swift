import HTTP
import JSON

/// A query's parameters: only those that an address knows, so that a misspelt filter never shows everything.
enum Parameters {
    static func only(_ known: Set<String>, in query: Query) throws {
        let unknown = query.items.map(\.name).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw Failure.unreadable(
                "There is a parameter that this address does not know.",
                unknown.prefix(20).map { name in
                    .init("/" + String(name.prefix(64)), "unknownParameter", "There is no parameter of this name here.")
                })
        }
    }

    static func flag(_ name: String, in query: Query) throws -> Bool? {
        switch try query.one(name) {
        case nil: return nil
        case "true"?: return true
        case "false"?: return false
        default:
            throw Failure.unreadable(
                "The parameter \(name) must be true or false.",
                [.init("/" + name, "wrongType", "This must be true or false.")])
        }
    }
}

extension Failure {
    static let badCursor = unreadable(
        "The cursor is not one that this address gave.",
        [.init("/cursor", "malformed", "The cursor must be one from an earlier answer.")])
}

extension ObjectReader {
    /// Throws every fault of form at once, as 400.
    mutating func done() throws {
        let faults = finish()
        guard faults.isEmpty else {
            throw Failure.unreadable("The body has fields that cannot be read.", faults.map(Failure.Problem.init))
        }
    }
}

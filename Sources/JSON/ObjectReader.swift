/// A fault found while reading a document: where, by JSON Pointer (RFC 6901), and in words.
package struct JSONProblem: Error, Sendable, Equatable {
    package let pointer: String
    /// A short name for programs, for example `unknownField` or `wrongType`.
    package let code: String
    package let message: String

    package init(pointer: String, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }
}

/// Reads an object's members by name and type, and collects every fault instead of stopping at the first.
/// A member that nobody asked for is a fault: call `finish` last.
package struct ObjectReader {
    package private(set) var problems: [JSONProblem] = []
    private let members: [JSONValue.Member]
    private let values: [[UInt8]: JSONValue]
    private let pointer: String
    private var read: Set<[UInt8]> = []
    /// Of members that nobody asked for, so many are told: the answer to a document is not longer than the document.
    private static let mostUnknown = 100

    package init(_ value: JSONValue, at pointer: String = "") {
        self.pointer = pointer
        members = value.members ?? []
        values = Dictionary(members.map { (Array($0.name.utf8), $0.value) }) { first, _ in first }
        if value.members == nil {
            problems.append(
                .init(pointer: pointer, code: "wrongType", message: "This must be an object, not \(value.kind)."))
        }
    }

    /// The members' names in their order, for objects whose names are not known beforehand.
    package var names: [String] { members.map(\.name) }

    /// Records a fault of the object itself.
    package mutating func refuse(_ code: String, _ message: String) {
        problems.append(.init(pointer: pointer, code: code, message: message))
    }

    /// Records a fault of one member.
    package mutating func refuse(at name: String, _ code: String, _ message: String) {
        problems.append(.init(pointer: pointer(to: name), code: code, message: message))
    }

    /// The member's value; an absent one and null are both nil.
    package mutating func value(_ name: String) -> JSONValue? {
        let key = Array(name.utf8)
        read.insert(key)
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    package mutating func string(_ name: String) -> String? {
        typed(name, "a string", \.string)
    }

    package mutating func integer(_ name: String) -> Int? {
        // A number is told as it stands: one with a fraction, or beyond all whole numbers, is a number as well.
        if case .number(let text)? = value(name), value(name)?.integer == nil {
            let message = "This must be a whole number, not \(text.prefix(32))."
            problems.append(.init(pointer: pointer(to: name), code: "wrongType", message: message))
            return nil
        }
        return typed(name, "a whole number", \.integer)
    }

    package mutating func bool(_ name: String) -> Bool? {
        typed(name, "true or false", \.bool)
    }

    package mutating func array(_ name: String) -> [JSONValue]? {
        typed(name, "an array", \.array)
    }

    package mutating func strings(_ name: String) -> [String]? {
        guard let items = array(name) else { return nil }
        return items.enumerated().compactMap { index, item in
            if item.string == nil { wrongType(pointer(to: name) + "/\(index)", "a string", item) }
            return item.string
        }
    }

    /// A member that is an object of strings, in its order.
    package mutating func stringMap(_ name: String) -> [(name: String, value: String)]? {
        guard let members = typed(name, "an object", \.members) else { return nil }
        return members.compactMap { member in
            guard let text = member.value.string else {
                wrongType(pointer(to: name) + "/" + escaped(member.name), "a string", member.value)
                return nil
            }
            return (member.name, text)
        }
    }

    /// Reads a member that is an object with a reader of its own, whose faults join these.
    package mutating func object<T>(_ name: String, _ body: (inout ObjectReader) -> T) -> T? {
        guard let value = value(name) else { return nil }
        var inner = ObjectReader(value, at: pointer(to: name))
        let result = body(&inner)
        problems.append(contentsOf: inner.finish())
        return result
    }

    /// Every fault so far, with one for each member that was never asked for.
    package mutating func finish() -> [JSONProblem] {
        let unknown = members.lazy.filter { [read] in !read.contains(Array($0.name.utf8)) }
        for member in Array(unknown.prefix(Self.mostUnknown)) {
            problems.append(
                .init(
                    pointer: pointer(to: member.name), code: "unknownField",
                    message: "There is no field named \u{201C}\(member.name.prefix(64))\u{201D} here."))
        }
        read.formUnion(values.keys)
        return problems
    }

    package func pointer(to name: String) -> String { pointer + "/" + escaped(name) }

    package mutating func wrongType(_ pointer: String, _ wanted: String, _ found: JSONValue) {
        problems.append(
            .init(pointer: pointer, code: "wrongType", message: "This must be \(wanted), not \(found.kind)."))
    }

    private mutating func typed<T>(_ name: String, _ wanted: String, _ read: (JSONValue) -> T?) -> T? {
        guard let value = value(name) else { return nil }
        let result = read(value)
        if result == nil { wrongType(pointer(to: name), wanted, value) }
        return result
    }

    private func escaped(_ name: String) -> String {
        var out = ""
        for character in name {
            switch character {
            case "~": out += "~0"
            case "/": out += "~1"
            default: out.append(character)
            }
        }
        return out
    }
}

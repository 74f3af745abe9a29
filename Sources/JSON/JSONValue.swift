/// A JSON document (RFC 8259) as a value. Objects keep the order of their members; numbers keep their text, so that
/// nothing is rounded on the way through.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number as it stood in the text, for example `1e3`; use `integer` or `double` to read it.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONValue {
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// A whole number within `Int`; `1.0` and `1e3` count as whole, since lenient servers send them.
    package var integer: Int? {
        guard case .number(let text) = self else { return nil }
        if let value = Int(text) { return value }
        guard let value = Double(text), value.rounded() == value, abs(value) < 9_007_199_254_740_992 else { return nil }
        return Int(value)
    }

    package var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let items) = self { items } else { nil }
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// A member of an object; nil for anything else and for a name that is not there.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// An object without the member of this name; anything else as it is.
    package func without(_ name: String) -> JSONValue {
        members.map { members in .object(members.filter { $0.name != name }) } ?? self
    }

    package subscript(_ index: Int) -> JSONValue? {
        guard case .array(let items) = self, items.indices.contains(index) else { return nil }
        return items[index]
    }

    /// What kind of value this is, in a person's words.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    package init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    package init(_ value: Bool?) { self = value.map { .bool($0) } ?? .null }
    package init(_ value: some BinaryInteger) { self = .number(String(value)) }
    package init(_ value: Int?) { self = value.map { .number(String($0)) } ?? .null }
    package init(_ value: Int64?) { self = value.map { .number(String($0)) } ?? .null }
    /// JSON has no NaN and no infinities: those become null.
    package init(_ value: Double?) {
        self = value.flatMap { $0.isFinite ? .number("\($0)") : nil } ?? .null
    }
    package init(_ values: [String]) { self = .array(values.map { .string($0) }) }
}

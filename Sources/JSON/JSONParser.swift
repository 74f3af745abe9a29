/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        case notUTF8 = "is not valid UTF-8"
        case unexpected = "has something JSON does not allow"
        case unfinished = "ends too early"
        case trailing = "goes on after its value"
        case tooDeep = "is nested too deeply"
        case duplicateName = "names a member twice"
        case badNumber = "has a malformed number"
        case badString = "has a malformed string"
    }

    package let reason: Reason
    /// From 1, in lines and in bytes of that line.
    package let line: Int
    package let column: Int

    package var description: String { "The JSON \(reason.rawValue) at line \(line), column \(column)." }
}

extension JSONValue {
    /// Reads one document strictly (RFC 8259): UTF-8, no duplicate names, nothing after it, at most `maxDepth` levels.
    package static func parse(_ bytes: [UInt8], maxDepth: Int = 32) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, maxDepth: maxDepth)
        return try parser.document()
    }

    /// Whether `parse` would accept the text, without keeping its values: for texts too large to hold as values.
    package static func check(_ bytes: [UInt8], maxDepth: Int = 32) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, maxDepth: maxDepth, keeps: false)
        _ = try parser.document()
    }
}

struct JSONParser {
    let bytes: [UInt8]
    let maxDepth: Int
    /// Whether arrays and objects keep what they hold.
    let keeps: Bool
    var at = 0

    init(bytes: [UInt8], maxDepth: Int, keeps: Bool = true) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        self.keeps = keeps
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try self.value(depth: 0)
        skipBlank()
        guard at == bytes.count else { throw error(.trailing) }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipBlank()
        guard at < bytes.count else { throw error(.unfinished) }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw error(.unexpected)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < maxDepth else { throw error(.tooDeep) }
        at += 1
        var members: [JSONValue.Member] = []
        // By their bytes (RFC 8259 §8.3): to a Set of Strings two ways to write an é are one.
        var names: Set<[UInt8]> = []
        if try closes(with: UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipBlank()
            guard at < bytes.count else { throw error(.unfinished) }
            guard bytes[at] == UInt8(ascii: "\"") else { throw error(.unexpected) }
            let start = at
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else { throw error(.duplicateName, at: start) }
            skipBlank()
            guard at < bytes.count else { throw error(.unfinished) }
            guard bytes[at] == UInt8(ascii: ":") else { throw error(.unexpected) }
            at += 1
            let value = try value(depth: depth + 1)
            if keeps { members.append(.init(name, value)) }
            if try endsList(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < maxDepth else { throw error(.tooDeep) }
        at += 1
        var items: [JSONValue] = []
        if try closes(with: UInt8(ascii: "]")) { return .array([]) }
        while true {
            let item = try value(depth: depth + 1)
            if keeps { items.append(item) }
            if try endsList(with: UInt8(ascii: "]")) { return .array(items) }
        }
    }

    private mutating func closes(with end: UInt8) throws(JSONError) -> Bool {
        skipBlank()
        guard at < bytes.count else { throw error(.unfinished) }
        guard bytes[at] == end else { return false }
        at += 1
        return true
    }

    private mutating func endsList(with end: UInt8) throws(JSONError) -> Bool {
        skipBlank()
        guard at < bytes.count else { throw error(.unfinished) }
        defer { at += 1 }
        if bytes[at] == UInt8(ascii: ",") { return false }
        guard bytes[at] == end else { throw error(.unexpected) }
        return true
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for scalar in "\(text)".utf8 {
            guard at < bytes.count else { throw error(.unfinished) }
            guard bytes[at] == scalar else { throw error(.unexpected) }
            at += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> String {
        let start = at
        skip { $0 == UInt8(ascii: "-") }
        let whole = at
        let leadingZero = at < bytes.count && bytes[at] == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits > 0, !(leadingZero && digits > 1), whole - start <= 1 else { throw error(.badNumber, at: start) }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            guard skipDigits() > 0 else { throw error(.badNumber, at: start) }
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            guard skipDigits() > 0 else { throw error(.badNumber, at: start) }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func skipDigits() -> Int {
        let start = at
        skip { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return at - start
    }

    private mutating func skipBlank() {
        skip { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }

    private mutating func skip(while accepted: (UInt8) -> Bool) {
        while at < bytes.count, accepted(bytes[at]) { at += 1 }
    }

    func error(_ reason: JSONError.Reason, at position: Int? = nil) -> JSONError {
        let before = bytes[..<min(position ?? at, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONError(reason: reason, line: line, column: before.count - lineStart + 1)
    }
}

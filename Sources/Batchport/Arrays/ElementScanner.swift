import JSON

/// What a text is as a list of elements.
struct ElementList: Equatable {
    enum Form: String {
        /// One element a line (JSON Lines).
        case lines
        /// One JSON array.
        case array
    }

    let form: Form
    let count: Int
}

/// Why a text is no list of elements, and where: line and column from 1, the column in bytes.
struct ElementFault: Error, Equatable {
    let line: Int
    let column: Int
    /// Completes "The elements, at line 3, column 7, …".
    let problem: String
    var limit: Int?

    fileprivate static let noElement = "holds no element"

    var isEmptyList: Bool { problem == Self.noElement }

    var sentence: String { "The elements, at line \(line), column \(column), \(problem)." }
}

/// Reads a list of elements piece by piece: JSON Lines or one JSON array, however long, holding no more than one element.
///
/// A text that begins with `[` is an array until a second value follows its end; then each line was one, and what was
/// counted so far was wrong. Who needs the elements themselves knows the form beforehand.
struct ElementScanner {
    struct Limits {
        let count: Int
        /// Of one element's JSON.
        let bytes: Int

        /// For what was checked at submission: a limit that was lowered since does not reach back.
        static let unlimited = Limits(count: .max, bytes: .max)
    }

    private let limits: Limits
    private var form: ElementList.Form?
    /// The form was told, not guessed.
    private let isSure: Bool
    private var count = 0
    private var place = (line: 1, column: 1)

    private var element: [UInt8] = []
    private var start = (line: 1, column: 1)
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// In an array: `[` was read, `]` was read, an element must follow.
    private var (isOpen, isClosed, needsElement) = (false, false, false)

    /// U+FEFF in UTF-8, with which some programs begin a text; it is no part of the list.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// How much of it came.
    private var marked = 0

    init(_ limits: Limits, form: ElementList.Form? = nil) {
        self.limits = limits
        self.form = form
        isSure = form != nil
    }

    /// `take` gets each element's JSON as it stood, blanks around it removed.
    mutating func feed(_ bytes: [UInt8], _ take: (ArraySlice<UInt8>) throws -> Void = { _ in }) throws {
        for byte in bytes {
            if try isOfMark(byte) { continue }
            try feed(byte, take)
            if byte == 0x0A { place = (place.line + 1, 1) } else { place.column += 1 }
        }
    }

    /// The text is over.
    mutating func finish(_ take: (ArraySlice<UInt8>) throws -> Void = { _ in }) throws -> ElementList {
        if form == .lines { try endElement(take) }
        if form == .array, !isClosed { throw fault("ends before its array does") }
        guard let form, count > 0 else { throw fault(ElementFault.noElement) }
        return ElementList(form: form, count: count)
    }

    private mutating func isOfMark(_ byte: UInt8) throws -> Bool {
        guard place == (1, 1), marked < Self.byteOrderMark.count else { return false }
        if byte == Self.byteOrderMark[marked] {
            marked += 1
            return true
        }
        if marked > 0 { throw fault("has something JSON does not allow") }
        return false
    }

    private mutating func feed(_ byte: UInt8, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        let isBlank = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        if form == nil {
            if isBlank { return }
            form = byte == UInt8(ascii: "[") ? .array : .lines
        }
        if form == .array {
            try feedArray(byte, isBlank, take)
        } else if byte == 0x0A, !isInString, depth == 0 {
            try endElement(take)
        } else if !isBlank || !element.isEmpty {
            try append(byte)
        }
    }

    private mutating func feedArray(_ byte: UInt8, _ isBlank: Bool, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        if isClosed {
            if isBlank { return }
            guard !isSure else { throw fault("goes on after its array") }
            // So each line is an element, and the first one was an array.
            (form, count, isClosed) = (.lines, 1, false)
            return try append(byte)
        }
        if isInString || depth > 0 { return try append(byte) }
        switch byte {
        case UInt8(ascii: "[") where !isOpen: isOpen = true
        case UInt8(ascii: ","), UInt8(ascii: "]"):
            if byte == UInt8(ascii: ","), element.isEmpty { throw fault("has something JSON does not allow") }
            if element.isEmpty, needsElement { throw fault("has something JSON does not allow") }
            try endElement(take)
            if byte == UInt8(ascii: ",") { needsElement = true } else { isClosed = true }
        default: if !isBlank || !element.isEmpty { try append(byte) }
        }
    }

    private mutating func append(_ byte: UInt8) throws {
        if element.isEmpty { start = place }
        element.append(byte)
        guard element.count <= limits.bytes else {
            throw ElementFault(
                line: start.line, column: start.column,
                problem: "has an element of more than \(Words.count(limits.bytes)) bytes, the most there may be",
                limit: limits.bytes)
        }
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        default: break
        }
        if depth < 0 { throw fault("has something JSON does not allow") }
    }

    private mutating func endElement(_ take: (ArraySlice<UInt8>) throws -> Void) throws {
        let end = element.lastIndex { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 && $0 != 0x0A }
        guard let end else { return }
        let text = element[...end]
        do { try JSONValue.check(Array(text), maxDepth: 64) } catch {
            let line = start.line + error.line - 1
            let column = error.line == 1 ? start.column + error.column - 1 : error.column
            let sameLine = form == .lines && error.reason == .trailing
            let problem = sameLine ? "has a second value in one line" : error.reason.rawValue
            throw ElementFault(line: line, column: column, problem: problem)
        }
        count += 1
        guard count <= limits.count else {
            throw ElementFault(
                line: start.line, column: start.column,
                problem: "has more than \(Words.count(limits.count)) elements, the most there may be",
                limit: limits.count)
        }
        try take(text)
        element.removeAll(keepingCapacity: true)
        needsElement = false
    }

    private func fault(_ problem: String) -> ElementFault {
        ElementFault(line: place.line, column: place.column, problem: problem)
    }
}

extension JSONValue {
    /// One line: as it stood where it has no line end, else written anew without blanks.
    static func line(_ json: ArraySlice<UInt8>) -> [UInt8] {
        if !json.contains(0x0A), !json.contains(0x0D) { return Array(json) }
        let value = try? JSONValue.parse(Array(json), maxDepth: 64)
        return value?.serialized(sortedKeys: false) ?? Array(json)
    }
}

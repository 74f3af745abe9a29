import JSON
import JobManifest

/// What one element of an array came to, as far as its workers said it.
struct ResultEntry: Equatable {
    /// A later attempt's word replaces an earlier one's.
    let attempt: Int
    let content: ResultLine.Content

    /// As `result_chunks` has it: the attempt, then `=` and JSON, `~` and InputForm as a JSON string, or `!`, a cause and
    /// a message as a JSON string.
    var text: [UInt8] {
        let start = Array(String(attempt).utf8)
        switch content {
        case .value(let json): return start + [UInt8(ascii: "=")] + json
        case .inputForm(let form): return start + [UInt8(ascii: "~")] + JSONValue.string(form).serialized()
        case .missing(let cause, let message):
            return start + Array("!\(cause.rawValue) ".utf8) + JSONValue.string(message).serialized()
        }
    }

    /// Nil for an empty line: nothing is there yet.
    init?(_ text: ArraySlice<UInt8>) {
        guard let mark = text.firstIndex(where: { !(0x30...0x39).contains($0) }),
            let attempt = Int(String(decoding: text[..<mark], as: UTF8.self))
        else { return nil }
        let rest = text[(mark + 1)...]
        self.attempt = attempt
        switch text[mark] {
        case UInt8(ascii: "="): content = .value(Array(rest))
        case UInt8(ascii: "~"):
            guard let form = Self.string(rest) else { return nil }
            content = .inputForm(form)
        default:
            let parts = rest.split(separator: 0x20, maxSplits: 1)
            guard parts.count == 2, let message = Self.string(parts[1]),
                let cause = ResultLine.Cause(rawValue: String(decoding: parts[0], as: UTF8.self))
            else { return nil }
            content = .missing(cause, message: message)
        }
    }

    init(attempt: Int, content: ResultLine.Content) {
        self.attempt = attempt
        self.content = content
    }

    private static func string(_ json: ArraySlice<UInt8>) -> String? { (try? JSONValue.parse(Array(json)))?.string }
}

/// Elements in one row of `result_chunks`.
struct ResultChunk {
    static let size = 256

    let number: Int
    /// One line for each element, as text.
    private(set) var lines: [ArraySlice<UInt8>]

    init(_ number: Int, _ text: [UInt8]? = nil) {
        self.number = number
        lines = text.map { $0.split(separator: 0x0A, omittingEmptySubsequences: false) } ?? []
        if lines.count < Self.size { lines += Array(repeating: [], count: Self.size - lines.count) }
    }

    var text: String { String(decoding: Array(lines.joined(separator: [0x0A])), as: UTF8.self) }
    var bytes: Int { lines.reduce(0) { $0 + $1.count + 1 } }

    func length(of element: Int) -> Int { lines[element - number * Self.size].count }

    func entry(_ element: Int) -> ResultEntry? { ResultEntry(lines[element - number * Self.size]) }

    mutating func put(_ entry: ResultEntry, at element: Int) {
        let n = element - number * Self.size
        if let known = ResultEntry(lines[n]), known.attempt > entry.attempt { return }
        lines[n] = entry.text[...]
    }
}

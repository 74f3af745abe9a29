internal import Processes

/// A value as it was written, and where.
struct WrittenValue: Sendable {
    var text: String
    /// "line 3 of /etc/batchport/web.conf" or "the variable BATCHPORT_WEB_THREADS".
    let place: String
}

/// `name = value` lines. A line that begins with `#` is a comment; a value goes to the end of its line.
enum SettingsFile {
    static func read(_ path: String, problems: inout [String]) -> [(name: String, value: WrittenValue)] {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: 1 << 20)
        } catch {
            problems.append("The settings file cannot be read: \(error).")
            return []
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.append("The settings file \(path) is not UTF-8.")
            return []
        }
        return parse(text, path: path, problems: &problems)
    }

    static func parse(
        _ text: String, path: String, problems: inout [String]
    ) -> [(name: String, value: WrittenValue)] {
        var found: [(name: String, value: WrittenValue)] = []
        // By units: to Swift, CR LF is one character.
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = trimmed(Substring(line))
            let place = "line \(index + 1) of \(path)"
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "=") else {
                problems.append("\(capitalized(place)) is neither \"name = value\" nor a comment.")
                continue
            }
            let name = String(trimmed(line[..<equals]))
            let value = String(trimmed(line[line.index(after: equals)...]))
            found.append((name, WrittenValue(text: value, place: place)))
        }
        return found
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func capitalized(_ place: String) -> String { place.prefix(1).uppercased() + place.dropFirst() }
}

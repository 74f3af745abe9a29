/// What a service's model demands of a request's members: every violation is kept, in the words that AWS's services use.
struct ModelCheck {
    private var violations: [String] = []

    /// Nil without any.
    var message: String? {
        guard !violations.isEmpty else { return nil }
        let noun = violations.count == 1 ? "error" : "errors"
        return "\(violations.count) validation \(noun) detected: \(violations.joined(separator: "; "))"
    }

    mutating func required(_ name: String, _ value: (some Any)?) {
        if value == nil {
            violations.append("Value null at '\(name)' failed to satisfy constraint: Member must not be null")
        }
    }

    /// In characters, as Java counts them: UTF-16.
    mutating func length(_ name: String, _ value: String?, _ range: ClosedRange<Int>) {
        guard let value else { return }
        bounds(name, "'\(value)'", "length", value.utf16.count, range)
    }

    mutating func count(_ name: String, _ values: [some Any]?, _ range: ClosedRange<Int>) {
        guard let values else { return }
        bounds(name, "'[\(values.map { "\($0)" }.joined(separator: ", "))]'", "length", values.count, range)
    }

    mutating func range(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) {
        guard let value else { return }
        bounds(name, "'\(value)'", "value", value, range)
    }

    /// - Parameter pattern: as the model writes it.
    mutating func pattern(_ name: String, _ value: String?, _ pattern: String, _ matches: (String) -> Bool) {
        guard let value, !matches(value) else { return }
        add(name, "'\(value)'", "Member must satisfy regular expression pattern: \(pattern)")
    }

    mutating func oneOf(_ name: String, _ value: String?, _ words: [String]) {
        guard let value, !words.contains(value) else { return }
        add(name, "'\(value)'", "Member must satisfy enum value set: [\(words.joined(separator: ", "))]")
    }

    private mutating func bounds(_ name: String, _ value: String, _ of: String, _ size: Int, _ range: ClosedRange<Int>)
    {
        if size < range.lowerBound {
            add(name, value, "Member must have \(of) greater than or equal to \(range.lowerBound)")
        } else if size > range.upperBound {
            add(name, value, "Member must have \(of) less than or equal to \(range.upperBound)")
        }
    }

    private mutating func add(_ name: String, _ value: String, _ constraint: String) {
        // A client's mistake may be a megabyte long.
        let shown = value.utf8.count > 512 ? "at" : "\(value) at"
        violations.append("Value \(shown) '\(name)' failed to satisfy constraint: \(constraint)")
    }
}

extension String {
    /// `[A-Za-z0-9_]` and the given characters, and nothing else: what models write as `[\w…]*`.
    func isMadeOfWords(and others: String) -> Bool {
        utf8.allSatisfy { BatchName.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || others.utf8.contains($0) }
    }
}

/// What a name that people type must be: something, not too long, nothing invisible.
package enum TextRules {
    package static func problems(_ pointer: String, _ what: String, _ text: String, longest: Int) -> [Failure.Problem] {
        if text.allSatisfy(\.isWhitespace) { return [.init(pointer, "empty", "\(what) must not be empty.")] }
        var problems: [Failure.Problem] = []
        if text.unicodeScalars.count > longest {
            problems.append(
                .init(pointer, "tooLong", "\(what) must have at most \(longest) characters.", limit: longest))
        }
        if !isPlain(text) {
            problems.append(.init(pointer, "controlCharacter", "\(what) must not hold control characters."))
        }
        return problems
    }

    /// To name it in a message: short, and without what cannot be shown.
    package static func shown(_ text: String) -> String {
        let plain = text.unicodeScalars.filter { isPlain(String($0)) }.prefix(80)
        return String(String.UnicodeScalarView(plain))
    }

    /// No C0, C1 or DEL, no line or paragraph separators, no bidirectional controls.
    package static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0xFEFF: false
            default: true
            }
        }
    }
}

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
        } else if hasInvisible(text) {
            problems.append(.init(pointer, "invisible", "\(what) must not hold invisible characters."))
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

    /// Characters that show nothing, so that two names look alike or one like none: default-ignorable code points, such as
    /// U+200B and the Hangul fillers, format characters, the blank Braille cell. Joiners and variation selectors stay where
    /// writing needs them: within an emoji, and between letters of Arabic and Indic scripts.
    static func hasInvisible(_ text: String) -> Bool {
        var before: Unicode.Scalar?
        return text.unicodeScalars.contains { scalar in
            defer { before = scalar }
            let properties = scalar.properties
            guard
                properties.isDefaultIgnorableCodePoint || properties.generalCategory == .format || scalar == "\u{2800}"
            else { return false }
            guard let before else { return true }
            return !isJoined(scalar, to: before)
        }
    }

    private static func isJoined(_ scalar: Unicode.Scalar, to before: Unicode.Scalar) -> Bool {
        let isPicture = before.value > 0x7F && before.properties.isEmoji
        return switch scalar.value {
        case 0xFE0F: isPicture
        case 0x200D: isPicture || before.value == 0xFE0F || joining.contains(before.value)
        case 0x200C: joining.contains(before.value)
        default: false
        }
    }

    /// Arabic to Sinhala, whose letters join or are kept from it.
    private static let joining: ClosedRange<UInt32> = 0x0600...0x0DFF
}

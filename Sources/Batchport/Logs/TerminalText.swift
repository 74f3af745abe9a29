/// Text of a stranger's as a terminal may be given it: it cannot move the cursor, set the title or the clipboard, or write
/// over what stands there (trust.md S48).
package enum TerminalText {
    /// Without ESC, C0 but `\n` and `\t`, DEL and C1; colours and the like (CSI) go whole, reordering is marked.
    package static func of(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        var out = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar.value {
            case 0x1B: if rest.first == "[" { rest = afterSequence(rest) }
            case 0x09, 0x0A: out.append(scalar)
            case 0..<0x20, 0x7F..<0xA0: break
            case 0x202A...0x202E, 0x2066...0x2069: out.append("\u{FFFD}")
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) || byte == 0x09 || byte == 0x0A
    }

    /// Behind `[`, its parameters and its last letter. One that does not end is text: nothing is swallowed.
    private static func afterSequence(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let end = text.dropFirst().drop { (0x20...0x3F).contains($0.value) }
        guard let last = end.first, (0x40...0x7E).contains(last.value) else { return text }
        return end.dropFirst()
    }
}

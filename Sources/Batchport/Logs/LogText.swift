import HTML

/// A log line as a page may show it: control characters gone, colours (SGR) kept as classes, a long line cut with its
/// rest one click away (trust.md S48).
enum LogText {
    static let longest = 4096

    /// Several lines, for `pre`.
    static func lines(_ text: String) -> [HTML] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return lines.map { html(String($0)) + "\n" }
    }

    static func html(_ text: String) -> HTML {
        let folded = fold(text)
        let shown = String(folded.prefix(longest))
        let cut: HTML? =
            folded.utf8.count > shown.utf8.count
            ? " <span class=\"fold\">\(Words.size(Int64(folded.utf8.count))) in all; the raw log has the rest</span>"
            : nil
        return spans(shown) + "\(cut)"
    }

    /// What a terminal would show after carriage returns: the last state of the line.
    private static func fold(_ text: String) -> String {
        guard text.utf8.contains(0x0D) else { return text }
        let states = text.split(omittingEmptySubsequences: true) { $0 == "\r" || $0 == "\r\n" }
        return states.last.map(String.init) ?? ""
    }

    private static func spans(_ text: String) -> HTML {
        var out = HTML()
        var style = Style()
        var run = ""
        var scalars = text.unicodeScalars.makeIterator()
        func flush() {
            if !run.isEmpty { out += style.wrap(run) }
            run = ""
        }
        while let scalar = scalars.next() {
            switch scalar.value {
            case 0x1B:
                flush()
                style.apply(escape(&scalars))
            case 0x09: run.unicodeScalars.append(scalar)
            case 0..<0x20, 0x7F..<0xA0: break
            case 0x202A...0x202E, 0x2066...0x2069: run += "\u{FFFD}"
            default: run.unicodeScalars.append(scalar)
            }
        }
        flush()
        return out
    }

    /// Reads an escape sequence to its end; its numbers if it sets colours, else nothing.
    private static func escape(_ scalars: inout String.UnicodeScalarView.Iterator) -> [Int] {
        guard let kind = scalars.next() else { return [] }
        if kind == "]" || kind == "P" || kind == "^" || kind == "_" {
            while let scalar = scalars.next(), scalar.value != 0x07, scalar.value != 0x9C, scalar.value != 0x1B {}
            return []
        }
        guard kind == "[" else { return [] }
        var numbers = [0]
        while let scalar = scalars.next() {
            switch scalar.value {
            case 0x30...0x39:
                numbers[numbers.count - 1] = min(9999, numbers[numbers.count - 1] * 10 + Int(scalar.value - 0x30))
            case 0x3B, 0x3A: numbers.append(0)
            case 0x40...0x7E: return scalar == "m" ? numbers : []
            default: break
            }
        }
        return []
    }

    private struct Style {
        var colour: Int?
        var isBold = false
        var isDim = false
        var isUnderlined = false
        var isInverse = false

        mutating func apply(_ numbers: [Int]) {
            var rest = numbers[...]
            while let number = rest.popFirst() {
                switch number {
                case 38, 48: applyExtended(&rest, isText: number == 38)
                case 0: self = Style()
                case 1: isBold = true
                case 2: isDim = true
                case 4: isUnderlined = true
                case 7: isInverse = true
                case 22: (isBold, isDim) = (false, false)
                case 24: isUnderlined = false
                case 27: isInverse = false
                case 30...37: colour = number - 30
                case 39: colour = nil
                case 90...97: colour = number - 82
                default: break
                }
            }
        }

        /// `38;5;N` and `38;2;R;G;B`: only the first sixteen have classes of their own.
        private mutating func applyExtended(_ rest: inout ArraySlice<Int>, isText: Bool) {
            switch rest.popFirst() {
            case 5:
                let index = rest.popFirst()
                if isText { colour = index.flatMap { (0..<16).contains($0) ? $0 : nil } }
            case 2: rest = rest.dropFirst(3)
            default: break
            }
        }

        func wrap(_ text: String) -> HTML {
            var classes: [String] = []
            if let colour { classes.append("fg\(colour)") }
            if isBold { classes.append("b") }
            if isDim { classes.append("d") }
            if isUnderlined { classes.append("u") }
            if isInverse { classes.append("inv") }
            return classes.isEmpty ? "\(text)" : "<span class=\"\(classes.joined(separator: " "))\">\(text)</span>"
        }
    }
}

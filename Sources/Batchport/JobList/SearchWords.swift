/// One word of a search line, parted from others by blanks. What stands in double quotes is text, blanks, colons, commas
/// and minus included; `\"` and `\\` within them are a quote and a backslash. A quote opens at a word's start, behind its
/// minus, or behind a colon or comma; anywhere else, or where none closes it, it is a character as any other.
struct SearchWord {
    fileprivate struct Piece {
        let character: Character
        let isQuoted: Bool
    }

    private var pieces: ArraySlice<Piece>

    var text: String { String(pieces.map(\.character)) }
    var isEmpty: Bool { pieces.isEmpty }
    var hasQuotes: Bool { pieces.contains(where: \.isQuoted) }

    /// Without the minus in front, where there is one and something behind it.
    var negated: SearchWord? {
        guard let first = pieces.first, first.character == "-", !first.isQuoted, pieces.count > 1 else { return nil }
        return SearchWord(pieces: pieces.dropFirst())
    }

    /// What stands before and behind the first mark outside of quotes.
    func halves(at mark: Character) -> (before: SearchWord, behind: SearchWord)? {
        guard let index = pieces.firstIndex(where: { $0.character == mark && !$0.isQuoted }) else { return nil }
        return (SearchWord(pieces: pieces[..<index]), SearchWord(pieces: pieces[pieces.index(after: index)...]))
    }

    /// Parted by the marks outside of quotes; empty parts are left out.
    func parts(at mark: Character) -> [SearchWord] {
        pieces.split { $0.character == mark && !$0.isQuoted }.map(SearchWord.init)
    }

    static func words(_ line: String) -> [SearchWord] {
        var pieces: [Piece] = []
        var rest = Substring(line)
        while let character = rest.first {
            if character == "\"", opens(behind: pieces.last), let quoted = quoted(&rest) {
                pieces += quoted.map { Piece(character: $0, isQuoted: true) }
            } else {
                pieces.append(Piece(character: character, isQuoted: false))
                rest.removeFirst()
            }
        }
        return SearchWord(pieces: pieces[...]).parts(at: " ")
    }

    private static func opens(behind last: Piece?) -> Bool {
        guard let last else { return true }
        return !last.isQuoted && [" ", "-", ":", ","].contains(last.character)
    }

    /// Takes what is quoted there, with its quotes; nothing where it is not closed.
    private static func quoted(_ rest: inout Substring) -> String? {
        var inner = rest.dropFirst()
        var text = ""
        while let character = inner.popFirst() {
            if character == "\"" {
                if text.isEmpty { return nil }
                rest = inner
                return text
            }
            if character == "\\", let escaped = inner.first, escaped == "\"" || escaped == "\\" {
                text.append(escaped)
                inner.removeFirst()
            } else {
                text.append(character)
            }
        }
        return nil
    }
}

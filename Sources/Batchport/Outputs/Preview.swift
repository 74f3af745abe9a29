/// The beginning of a text output.
enum Preview {
    static let maxBytes = 64 * 1024

    /// Nil when it is no text: not UTF-8, or with a NUL.
    /// - Parameter bytes: the object's beginning, at most `maxBytes`.
    /// - Parameter isWhole: whether that is all of it; else a character cut in two at the end is left out.
    static func text(_ bytes: [UInt8], isWhole: Bool) -> String? {
        if bytes.contains(0) { return nil }
        let text = isWhole ? bytes[...] : bytes[..<wholeCharacters(bytes)]
        return String(validating: text, as: UTF8.self)
    }

    /// Where the last character that is cut begins, or the end.
    private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}

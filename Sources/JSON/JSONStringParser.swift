extension JSONParser {
    /// Reads a string from its opening quote to behind its closing one.
    mutating func string() throws(JSONError) -> String {
        let start = at
        at += 1
        let plain = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 {
            at += 1
        }
        guard at < bytes.count else { throw error(.unfinished) }
        if bytes[at] == UInt8(ascii: "\"") {
            let text = try utf8(bytes[plain..<at], from: start)
            at += 1
            return text
        }
        return try escapedString(from: start, prefix: Array(bytes[plain..<at]))
    }

    private mutating func escapedString(from start: Int, prefix: [UInt8]) throws(JSONError) -> String {
        var text = prefix
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return try utf8(text[...], from: start)
            case UInt8(ascii: "\\"):
                at += 1
                text.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20:
                throw error(.badString)
            default:
                text.append(byte)
                at += 1
            }
        }
        throw error(.unfinished)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard at < bytes.count else { throw error(.unfinished) }
        let letter = bytes[at]
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error(.badString, at: at - 1)
        }
    }

    /// `\uXXXX`, and its second half where the first is a high surrogate; a lone surrogate is refused.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let start = at
        let first = try hexUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u")
        else { throw error(.badString, at: start) }
        at += 2
        let second = try hexUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error(.badString, at: start) }
        return scalar
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard at + 4 <= bytes.count else { throw error(.unfinished) }
        var unit: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error(.badString)
            }
            unit = unit << 4 | UInt32(digit)
        }
        at += 4
        return unit
    }

    private func utf8(_ slice: ArraySlice<UInt8>, from start: Int) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw error(.notUTF8, at: start) }
        return text
    }
}

/// Markup as a literal type: only literals in the source can be markup, and an interpolated `String` is escaped.
/// Also used to write XML, whose five special characters are the same.
///
/// `"<p>\(text)</p>"` escapes `text`; interpolating `HTML`, `[HTML]` or `HTML?` inserts it as it is. Escaping holds
/// inside elements and inside quoted attributes; an attribute that is a URL takes a path made by this program.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    package private(set) var bytes: [UInt8]

    package init(stringLiteral value: StaticString) {
        bytes = []
        Self.append(value, to: &bytes)
    }

    package init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    package init() { bytes = [] }

    package struct StringInterpolation: StringInterpolationProtocol {
        package typealias StringLiteralType = StaticString

        var bytes: [UInt8]

        package init(literalCapacity: Int, interpolationCount: Int) {
            bytes = []
            bytes.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        package mutating func appendLiteral(_ literal: StaticString) { HTML.append(literal, to: &bytes) }

        package mutating func appendInterpolation(_ text: String) { HTML.escape(text, to: &bytes) }
        package mutating func appendInterpolation(_ text: String?) { if let text { HTML.escape(text, to: &bytes) } }
        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            bytes.append(contentsOf: String(number).utf8)
        }
        package mutating func appendInterpolation(_ html: HTML) { bytes.append(contentsOf: html.bytes) }
        package mutating func appendInterpolation(_ html: HTML?) {
            if let html { bytes.append(contentsOf: html.bytes) }
        }
        package mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { bytes.append(contentsOf: part.bytes) }
        }
    }

    package static func + (left: HTML, right: HTML) -> HTML {
        var sum = left
        sum.bytes.append(contentsOf: right.bytes)
        return sum
    }

    package static func += (left: inout HTML, right: HTML) { left.bytes.append(contentsOf: right.bytes) }

    private static func append(_ literal: StaticString, to bytes: inout [UInt8]) {
        literal.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Most texts need no escape, and go over in one piece.
    private static func escape(_ text: String, to bytes: inout [UInt8]) {
        guard text.utf8.contains(where: { entity($0) != nil }) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        for byte in text.utf8 {
            if let entity = entity(byte) { append(entity, to: &bytes) } else { bytes.append(byte) }
        }
    }

    private static func entity(_ byte: UInt8) -> StaticString? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}

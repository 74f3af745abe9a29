/// Markup as a literal type: only literals in the source can be markup, and an interpolated `String` is escaped.
/// Also used to write XML, whose five special characters are the same.
///
/// `"<p>\(text)</p>"` escapes `text`; interpolating `HTML`, `[HTML]` or `HTML?` inserts it as it is. Escaping holds inside
/// elements and inside quoted attributes; an attribute that is a URL takes a path made by this program.
///
/// Every literal with an interpolation is a buffer of its own, which is then copied into the one it stands in. What a page
/// holds a hundred times is written into the page's buffer instead: `"<ul>\(each: items, line)</ul>"`, where `line` appends
/// to the HTML that it is handed, and `HTMLWritable` for single values.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    package private(set) var bytes: [UInt8]

    package init(stringLiteral value: StaticString) {
        bytes = []
        append(markup: value)
    }

    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.html }

    package init() { bytes = [] }

    /// The markup as it is sent.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package struct StringInterpolation: StringInterpolationProtocol {
        package typealias StringLiteralType = StaticString

        fileprivate var html = HTML()

        package init(literalCapacity: Int, interpolationCount: Int) {
            html.bytes.reserveCapacity(literalCapacity + interpolationCount * 24)
        }

        package mutating func appendLiteral(_ literal: StaticString) { html.append(markup: literal) }

        package mutating func appendInterpolation(_ text: String) { html.append(text: text) }
        package mutating func appendInterpolation(_ text: String?) { if let text { appendInterpolation(text) } }
        package mutating func appendInterpolation(_ number: some BinaryInteger) { appendInterpolation(String(number)) }
        package mutating func appendInterpolation(_ value: some HTMLWritable) { value.write(to: &html) }
        package mutating func appendInterpolation(_ part: HTML) { html += part }
        package mutating func appendInterpolation(_ part: HTML?) { if let part { html += part } }
        package mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { html += part } }

        /// Each item writes itself at the end of this very buffer.
        package mutating func appendInterpolation<Item>(each items: [Item], _ write: (Item, inout HTML) -> Void) {
            for (index, item) in items.enumerated() {
                let before = html.bytes.count
                write(item, &html)
                // The first tells how much room the others will want, about.
                if index == 0 { html.bytes.reserveCapacity(before + (html.bytes.count - before) * (items.count + 1)) }
            }
        }
    }

    package static func + (left: HTML, right: HTML) -> HTML {
        var sum = left
        sum += right
        return sum
    }

    package static func += (left: inout HTML, right: HTML) { left.bytes.append(contentsOf: right.bytes) }
}

/// A value that writes itself, with no `String` or `HTML` made on the way: for what stands in every row of a table.
package protocol HTMLWritable {
    func write(to html: inout HTML)
}

extension HTML {
    /// Appends a literal as it is.
    package mutating func append(markup: StaticString) {
        markup.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends text in UTF-8, escaped. Most texts need no escape, and go over in one pass.
    package mutating func append(text: Span<UInt8>) {
        // Without a branch in it, so that many bytes are looked at together.
        var found: UInt8 = 0
        for index in text.indices { found |= Self.isSpecial(text[index]) }
        if found == 0 {
            unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        } else {
            let longest = 6
            bytes.append(addingCapacity: text.count * longest) { output in
                for index in text.indices { Self.escape(text[index], to: &output) }
            }
        }
    }

    package mutating func append(text: String) { append(text: text.utf8Span.span) }

    /// Appends a number in decimal digits. Not generic: another module would call it by way of its type's witnesses.
    package mutating func append(_ number: Int64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number.magnitude
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        append(text: digits.span.extracting(start..<digits.count))
    }

    private static func isSpecial(_ byte: UInt8) -> UInt8 {
        (byte == UInt8(ascii: "&") ? 1 : 0) | (byte == UInt8(ascii: "<") ? 1 : 0) | (byte == UInt8(ascii: ">") ? 1 : 0)
            | (byte == UInt8(ascii: "\"") ? 1 : 0) | (byte == UInt8(ascii: "'") ? 1 : 0)
    }

    private static func escape(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        switch byte {
        case UInt8(ascii: "&"): append("&amp;", to: &output)
        case UInt8(ascii: "<"): append("&lt;", to: &output)
        case UInt8(ascii: ">"): append("&gt;", to: &output)
        case UInt8(ascii: "\""): append("&quot;", to: &output)
        case UInt8(ascii: "'"): append("&#39;", to: &output)
        default: output.append(byte)
        }
    }

    private static func append(_ entity: String, to output: inout OutputSpan<UInt8>) {
        for byte in entity.utf8 { output.append(byte) }
    }
}

/// An XML document as it is written: names are literals, text is escaped.
struct XMLText {
    private(set) var bytes: [UInt8] = []

    /// A whole document with its root element.
    static func document(
        _ root: StaticString, namespace: StaticString? = nil, _ content: (inout XMLText) throws -> Void
    ) rethrows -> [UInt8] {
        var text = XMLText()
        text.bytes += Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<\(root)".utf8)
        if let namespace { text.bytes += Array(" xmlns=\"\(namespace)\"".utf8) }
        text.bytes.append(UInt8(ascii: ">"))
        try content(&text)
        text.bytes += Array("</\(root)>".utf8)
        return text.bytes
    }

    mutating func element(_ name: StaticString, _ content: (inout XMLText) throws -> Void) rethrows {
        bytes += Array("<\(name)>".utf8)
        try content(&self)
        bytes += Array("</\(name)>".utf8)
    }

    mutating func element(_ name: StaticString, _ text: String) {
        element(name) { $0.append(text) }
    }

    mutating func element(_ name: StaticString, _ number: some BinaryInteger) {
        element(name) { $0.append(String(number)) }
    }

    mutating func element(_ name: StaticString, _ value: Bool) {
        element(name) { $0.append(value ? "true" : "false") }
    }

    /// Control characters become references, as S3 writes them, although XML 1.0 readers refuse most of those.
    mutating func append(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            case 0..<0x20: bytes += Array("&#\(byte);".utf8)
            default: bytes.append(byte)
            }
        }
    }
}

extension JSONValue {
    /// The document as UTF-8 bytes without blanks; members sorted by name, so that equal values give equal bytes.
    package func serialized(sortedKeys: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        write(to: &out, sortedKeys: sortedKeys)
        return out
    }

    package var text: String { String(decoding: serialized(), as: UTF8.self) }

    private func write(to out: inout [UInt8], sortedKeys: Bool) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text): out.append(contentsOf: text.utf8)
        case .string(let text): Self.write(text, to: &out)
        case .array(let items):
            Self.write(items, between: ("[", "]"), to: &out) { item, out in item.write(to: &out, sortedKeys: sortedKeys)
            }
        case .object(let members):
            let ordered = sortedKeys ? members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } : members
            Self.write(ordered, between: ("{", "}"), to: &out) { member, out in
                Self.write(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.write(to: &out, sortedKeys: sortedKeys)
            }
        }
    }

    private static func write<T>(
        _ items: [T], between brackets: (Unicode.Scalar, Unicode.Scalar), to out: inout [UInt8],
        each: (T, inout [UInt8]) -> Void
    ) {
        out.append(UInt8(ascii: brackets.0))
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            each(item, &out)
        }
        out.append(UInt8(ascii: brackets.1))
    }

    /// Escapes also `<` and the line separators, so that the text can stand in a page or a script unharmed.
    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0..<0x20, UInt8(ascii: "<"), 0x7F:
                out.append(contentsOf: "\\u00".utf8)
                out.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

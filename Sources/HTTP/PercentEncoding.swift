/// Percent-encodes all but RFC 3986's unreserved characters, in upper-case hexadecimal.
package func percentEncode(_ text: String, keepingSlashes: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
        if isUnreserved(byte) || (keepingSlashes && byte == UInt8(ascii: "/")) {
            out.append(byte)
        } else {
            out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// Undoes percent-encoding; nil for a broken escape or what is not UTF-8. `+` is a blank only in forms.
package func percentDecode(_ text: Substring, plusIsBlank: Bool = false) -> String? {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count)
    var units = text.utf8.makeIterator()
    while let unit = units.next() {
        switch unit {
        case UInt8(ascii: "%"):
            guard let high = units.next().flatMap(hexValue), let low = units.next().flatMap(hexValue) else {
                return nil
            }
            out.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsBlank: out.append(0x20)
        default: out.append(unit)
        }
    }
    return String(validating: out, as: UTF8.self)
}

private func hexValue(_ unit: UInt8) -> UInt8? {
    switch unit {
    case 0x30...0x39: unit - 0x30
    case 0x41...0x46: unit - 0x41 + 10
    case 0x61...0x66: unit - 0x61 + 10
    default: nil
    }
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        true
    default: false
    }
}

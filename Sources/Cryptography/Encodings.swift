/// Lower-case hexadecimal.
package func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
}

/// Hexadecimal of either case; nil for anything else.
package func unhex(_ text: String) -> [UInt8]? {
    let units = Array(text.utf8)
    guard units.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    for index in stride(from: 0, to: units.count, by: 2) {
        guard let high = hexDigit(units[index]), let low = hexDigit(units[index + 1]) else { return nil }
        out.append(high << 4 | low)
    }
    return out
}

private func hexDigit(_ unit: UInt8) -> UInt8? {
    switch unit {
    case 0x30...0x39: unit - 0x30
    case 0x41...0x46: unit - 0x41 + 10
    case 0x61...0x66: unit - 0x61 + 10
    default: nil
    }
}

/// Base64 with padding (RFC 4648 §4).
package func base64(_ bytes: [UInt8]) -> String { encode64(bytes, standard, padded: true) }

/// Base64 for URLs, without padding (RFC 4648 §5).
package func base64URL(_ bytes: [UInt8]) -> String { encode64(bytes, urlSafe, padded: false) }

/// Strict: whole groups of four with padding, no blanks, no stray bits.
package func unbase64(_ text: String) -> [UInt8]? {
    let units = Array(text.utf8)
    guard units.count % 4 == 0 else { return nil }
    let padding = units.suffix(2).count { $0 == UInt8(ascii: "=") }
    var out: [UInt8] = []
    out.reserveCapacity(units.count / 4 * 3)
    var gathered: UInt32 = 0
    for (index, unit) in units.dropLast(padding).enumerated() {
        guard let value = inverse[Int(unit)] else { return nil }
        gathered = gathered << 6 | UInt32(value)
        if index % 4 == 3 {
            out += [
                UInt8(truncatingIfNeeded: gathered >> 16), UInt8(truncatingIfNeeded: gathered >> 8),
                UInt8(truncatingIfNeeded: gathered),
            ]
            gathered = 0
        }
    }
    switch padding {
    case 1:
        guard gathered & 3 == 0 else { return nil }
        out += [UInt8(truncatingIfNeeded: gathered >> 10), UInt8(truncatingIfNeeded: gathered >> 2)]
    case 2:
        guard gathered & 15 == 0 else { return nil }
        out.append(UInt8(truncatingIfNeeded: gathered >> 4))
    default: break
    }
    return out
}

private let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
private let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
private let inverse: [UInt8?] = {
    var table = [UInt8?](repeating: nil, count: 256)
    for (value, unit) in standard.enumerated() { table[Int(unit)] = UInt8(value) }
    return table
}()

private func encode64(_ bytes: [UInt8], _ alphabet: [UInt8], padded: Bool) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var gathered: UInt32 = 0
        for offset in 0..<3 { gathered = gathered << 8 | UInt32(offset < group.count ? group[start + offset] : 0) }
        for place in 0..<4 {
            if place <= group.count {
                out.append(alphabet[Int(gathered >> UInt32(18 - 6 * place) & 63)])
            } else if padded {
                out.append(UInt8(ascii: "="))
            }
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// Base32 without padding (RFC 4648 §6): how authenticators take a secret.
package func base32(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    var out: [UInt8] = []
    var (gathered, bits) = (0, 0)
    for byte in bytes + (bytes.count % 5 == 0 ? [] : [0]) {
        gathered = gathered << 8 | Int(byte)
        bits += 8
        while bits >= 5 {
            bits -= 5
            out.append(alphabet[gathered >> bits & 31])
        }
        gathered &= 31
    }
    return String(decoding: out.prefix((bytes.count * 8 + 4) / 5), as: UTF8.self)
}

/// The bytes as one big number in base 62 (`0-9A-Za-z`), with leading zeros to `length`.
package func base62(_ bytes: [UInt8], length: Int) -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var number = bytes
    var out = [UInt8](repeating: alphabet[0], count: length)
    for place in stride(from: length - 1, through: 0, by: -1) {
        var remainder = 0
        for index in number.indices {
            let value = remainder << 8 | Int(number[index])
            number[index] = UInt8(value / 62)
            remainder = value % 62
        }
        out[place] = alphabet[remainder]
    }
    return String(decoding: out, as: UTF8.self)
}

/// CRC-32 (ISO-HDLC, as zip and S3 use it).
package func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes { sum = sum >> 8 ^ crcTable[Int((sum ^ UInt32(byte)) & 0xFF)] }
    return ~sum
}

private let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
}

/// An IP address, or all that begin with the same bits (`203.0.113.0/24`, `2001:db8::/32`).
struct AddressRange: Sendable, Equatable {
    /// 4 or 16.
    private let bytes: [UInt8]
    private let bits: Int

    /// Nil for what is no address.
    init?(_ text: String) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = halves.first, let bytes = Self.bytes(address) else { return nil }
        self.bytes = bytes
        guard halves.count == 2 else {
            bits = bytes.count * 8
            return
        }
        guard let bits = Int(halves[1]), (0...bytes.count * 8).contains(bits) else { return nil }
        self.bits = bits
    }

    /// Whether all of the other lies in it.
    func contains(_ other: AddressRange) -> Bool {
        guard bytes.count == other.bytes.count, other.bits >= bits else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return bytes[bit / 8] & mask == other.bytes[bit / 8] & mask
        }
    }

    private static func bytes(_ text: Substring) -> [UInt8]? { text.contains(":") ? six(text) : four(text) }

    private static func four(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.utf8.count <= 3 && $0.allSatisfy(\.isNumber) ? UInt8($0) : nil }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// Eight groups, of which `::` leaves out those that are 0; the last two may be written as an IPv4 address.
    private static func six(_ text: Substring) -> [UInt8]? {
        guard let gap = gap(text) else { return groups(text).flatMap { $0.count == 16 ? $0 : nil } }
        guard let before = groups(text[..<gap.lowerBound]), let after = groups(text[gap.upperBound...]),
            before.count + after.count <= 14
        else { return nil }
        return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
    }

    private static func gap(_ text: Substring) -> Range<Substring.Index>? {
        for index in text.indices where text[index...].hasPrefix("::") {
            return index..<text.index(index, offsetBy: 2)
        }
        return nil
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if part.contains("."), index + 1 == parts.count, let end = four(part) {
                bytes += end
            } else {
                guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                    let group = UInt16(part, radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes
    }
}

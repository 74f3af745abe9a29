/// Cuts output into CloudWatch's events as the container agent does: at line ends, which are dropped, as empty lines
/// are, and within a line at an event's greatest size. Text is UTF-8; what is not becomes U+FFFD.
struct LineCutter {
    /// 1024 KB, in bytes of UTF-8.
    static let largest = 1 << 20
    private var line: [UInt8] = []

    mutating func cut(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end], &lines)
            if !line.isEmpty { lines.append(Self.text(line[...])) }
            line.removeAll(keepingCapacity: true)
            rest = rest[(end + 1)...]
        }
        take(rest, &lines)
        return lines
    }

    /// What stands behind the last line end.
    mutating func rest() -> String? {
        defer { line = [] }
        return line.isEmpty ? nil : Self.text(line[...])
    }

    private mutating func take(_ piece: ArraySlice<UInt8>, _ lines: inout [String]) {
        line += piece
        while line.count > Self.largest {
            let end = Self.boundary(line, Self.largest)
            lines.append(Self.text(line[..<end]))
            line.removeFirst(end)
        }
    }

    /// At most `limit`, and not within a character.
    private static func boundary(_ bytes: [UInt8], _ limit: Int) -> Int {
        var end = limit
        while end > limit - 4, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    /// PostgreSQL's text cannot hold NUL.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(0) else { return String(decoding: bytes, as: UTF8.self) }
        return String(
            decoding: bytes.flatMap { $0 == 0 ? [0xEF, 0xBF, 0xBD] : [$0] }, as: UTF8.self)
    }
}

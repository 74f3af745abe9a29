import HTML

/// How long and how much, in a reader's words.
enum Words {
    /// `8 s`, `26 min`, `2 h 07 min`, `3 d 4 h`.
    static func duration(milliseconds: Int64) -> String { ("\(Lapse(milliseconds: milliseconds))" as HTML).text }

    /// Binary units with one decimal: `1.2 KiB`.
    static func size(_ bytes: Int64) -> String {
        var value = Double(bytes)
        for unit in ["bytes", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1024 || unit == "TiB" {
                return unit == "bytes" ? "\(bytes) \(bytes == 1 ? "byte" : "bytes")" : "\(oneDecimal(value)) \(unit)"
            }
            value /= 1024
        }
        return "\(bytes) bytes"
    }

    /// `1,234,567`
    static func count(_ number: some BinaryInteger) -> String {
        var out = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { out.append(",") }
            out.append(digit)
        }
        return String(out.reversed())
    }

    static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(count(tenths / 10)).\(tenths % 10)"
    }

    static func twoDigits(_ value: some BinaryInteger) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

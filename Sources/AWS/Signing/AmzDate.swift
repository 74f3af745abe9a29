internal import FoundationEssentials

/// Times as AWS writes them, in milliseconds since the epoch.
package enum AmzDate {
    /// `20150830T123600Z`; fractions of a second are cut.
    package static func text(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        return date.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }

    /// `2015-08-30T12:36:00.000Z`, as in a POST policy.
    package static func dashed(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        return String(date.formatted(Date.ISO8601FormatStyle()).dropLast()) + ".000Z"
    }

    /// Reads `20150830T123600Z`; nil for anything else.
    package static func parse(_ text: String) -> Int64? {
        let units = Array(text.utf8)
        let isDigit = { (unit: UInt8) in (0x30...0x39).contains(unit) }
        guard units.count == 16, units[8] == UInt8(ascii: "T"), units[15] == UInt8(ascii: "Z"),
            units[..<8].allSatisfy(isDigit), units[9..<15].allSatisfy(isDigit)
        else { return nil }
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        guard let date = try? style.parse(text) else { return nil }
        let milliseconds = Int64(date.timeIntervalSince1970) * 1000
        // The style takes 99 o'clock for a later day.
        return Self.text(milliseconds) == text ? milliseconds : nil
    }

    /// Reads `2015-08-30T12:36:00.000Z`, with or without the fraction; nil for anything else.
    package static func parseDashed(_ text: String) -> Int64? {
        let plain = Date.ISO8601FormatStyle()
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? plain.parse(text)) ?? (try? fractional.parse(text)) else { return nil }
        return Int64((date.timeIntervalSince1970 * 1000).rounded())
    }
}

import HTML
import JSON

/// A moment, in milliseconds since the epoch, as pages and API write it: UTC, always.
struct Instant: Sendable, Equatable {
    let milliseconds: Int64

    init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    /// `2026-11-22T10:51:33Z` (RFC 3339), with `.250` only where there are milliseconds and they are wanted.
    func rfc3339(withMilliseconds: Bool = false) -> String {
        let day = civil
        let base =
            "\(day.year)-\(Words.twoDigits(day.month))-\(Words.twoDigits(day.day))T\(clock)"
        return withMilliseconds ? base + "." + threeDigits + "Z" : base + "Z"
    }

    /// `10:51:33`
    var clock: String {
        let second = Self.floorDivide(milliseconds, 1000)
        let ofDay = second - Self.floorDivide(second, 86400) * 86400
        return [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map(Words.twoDigits).joined(separator: ":")
    }

    /// `22 November 2026`
    var date: String {
        let day = civil
        return "\(day.day) \(Self.months[day.month - 1]) \(day.year)"
    }

    /// `<time>` with its text.
    func element(_ text: String) -> HTML { "<time datetime=\"\(rfc3339())\">\(text)</time>" }

    var json: JSONValue { .string(rfc3339()) }

    private var threeDigits: String {
        let part = milliseconds - Self.floorDivide(milliseconds, 1000) * 1000
        return String(String(1000 + part).dropFirst())
    }

    /// Howard Hinnant's days-to-civil algorithm.
    private var civil: (year: Int64, month: Int, day: Int64) {
        let shifted = Self.floorDivide(milliseconds, 86_400_000) + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * ofYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), Int(month), ofYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

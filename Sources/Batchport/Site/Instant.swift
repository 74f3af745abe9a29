import HTML
import JSON

/// A moment, in milliseconds since the epoch, as pages and API write it: UTC, always.
struct Instant: Sendable, Equatable {
    let milliseconds: Int64

    init(_ milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads `2026-11-22T10:51:33Z` (RFC 3339, UTC only, whole seconds or with a fraction).
    init?(rfc3339 text: String) {
        let parts = text.split(whereSeparator: { "-T:.Z".contains($0) }).map(String.init)
        guard text.hasSuffix("Z"), parts.count == 6 || parts.count == 7, text.utf8.count >= 20,
            parts.prefix(6).map(\.utf8.count) == [4, 2, 2, 2, 2, 2]
        else { return nil }
        let numbers = parts.prefix(6).compactMap { Int64($0) }
        guard numbers.count == 6, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24,
            numbers[4] < 60, numbers[5] < 60
        else { return nil }
        let fraction = parts.count == 7 ? Int64((parts[6] + "000").prefix(3)) ?? 0 : 0
        let seconds = numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
        milliseconds = (Self.day(numbers[0], numbers[1], numbers[2]) * 86400 + seconds) * 1000 + fraction
        guard rfc3339().prefix(10) == text.prefix(10) else { return nil }
    }

    /// Days since the epoch (Howard Hinnant).
    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = floorDivide(marchYear, 400)
        let ofEra = marchYear - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

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

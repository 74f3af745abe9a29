internal import FoundationEssentials

/// Times as policies and requests write them: ISO 8601 (`2026-11-25`, `2026-11-25T10:30Z`, `2026-11-25T10:30:00.5+01:00`)
/// or seconds since 1970.
enum PolicyDate {
    static func seconds(_ text: String) -> Double? {
        if let number = Double(text) { return number }
        let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard let day = parts.first, day.utf8.count == 10 else { return nil }
        guard parts.count == 2 else { return instant("\(day)T00:00:00Z") }
        let clock = parts[1].prefix { $0.isNumber || $0 == ":" || $0 == "." }
        let zone = parts[1].dropFirst(clock.count)
        guard !clock.isEmpty else { return nil }
        // Seconds may be left out.
        let full = clock.count == 5 ? clock + ":00" : clock
        return instant("\(day)T\(full)\(zone.isEmpty ? "Z" : zone)")
    }

    private static func instant(_ text: String) -> Double? {
        let plain = Date.ISO8601FormatStyle()
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return ((try? plain.parse(text)) ?? (try? fractional.parse(text)))?.timeIntervalSince1970
    }
}

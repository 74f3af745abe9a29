/// What a setting asks for (jobs.md "Settings").
enum Quantity: Equatable {
    case inherited
    case automatic
    case amount(Int)

    /// A count: `Inherited` or a whole number.
    static func count(_ text: String) -> Quantity? {
        if isWord(text, "Inherited") { return .inherited }
        return Int(trimmed(text)).map(Quantity.amount)
    }

    /// Memory in MiB: `Automatic`, `Inherited`, `1536`, `1.5 GiB`, `2 GB`. Decimal units are rounded up to a whole MiB.
    static func memory(_ text: String) -> Quantity? {
        if isWord(text, "Automatic") { return .automatic }
        if isWord(text, "Inherited") { return .inherited }
        let text = trimmed(text)
        if let mebibytes = Int(text) { return .amount(mebibytes) }
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
        let unit = trimmed(String(text.dropFirst(number.count))).lowercased()
        guard let bytesPerUnit = units[unit], let value = Double(number), value.isFinite,
            number.first != ".", number.last != "."
        else { return nil }
        let mebibytes = (value * bytesPerUnit / 1_048_576).rounded(.up)
        guard abs(mebibytes) < 1e12 else { return nil }
        return .amount(Int(mebibytes))
    }

    private static let units: [String: Double] = [
        "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    ]

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func isWord(_ text: String, _ word: String) -> Bool {
        trimmed(text).lowercased() == word.lowercased()
    }
}

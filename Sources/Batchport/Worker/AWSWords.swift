import AWS

extension AWSError {
    /// For a person: what AWS was asked, and what it said or that it did not answer.
    var sentence: String {
        guard status != nil else { return "AWS did not answer to \(operation): \(Self.plain(message))" }
        let what = isAccessDenied ? "does not allow \(operation)" : "refused \(operation)"
        return "AWS \(what): " + Self.plain(message.isEmpty ? code : "\(message) (\(code))")
    }

    /// AWS said no, and would say it again.
    var isDefinite: Bool { outcome == .refused && status != nil && !isTransient }

    /// On one line, and not too long for one.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(500)))
    }
}

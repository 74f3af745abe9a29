/// How a value is written, with the words for it in an error's sentence.
package struct SettingForm<Value: Sendable>: Sendable {
    /// Follows "must be".
    let expectation: String
    let parse: @Sendable (String) -> Value?

    package init(_ expectation: String, _ parse: @escaping @Sendable (String) -> Value?) {
        self.expectation = expectation
        self.parse = parse
    }
}

extension SettingForm<Int> {
    package static func integer(_ range: ClosedRange<Int>) -> SettingForm {
        SettingForm("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
                return nil
            }
            return range.contains(number) ? number : nil
        }
    }
}

extension SettingForm<String> {
    package static var text: SettingForm { SettingForm("a text") { $0.isEmpty ? nil : $0 } }

    package static var absolutePath: SettingForm {
        SettingForm("an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    /// libpq's `name=value` pairs. No URL: programs append pairs of their own.
    package static var conninfo: SettingForm {
        SettingForm("libpq's name=value pairs, such as \"host=/run/postgresql dbname=batchport\"") { text in
            text.contains("=") && !text.contains("://") ? text : nil
        }
    }

    package static func choice(_ words: [String]) -> SettingForm {
        SettingForm("one of " + words.joined(separator: ", ")) { words.contains($0) ? $0 : nil }
    }

    /// Scheme, host and maybe port; a slash at the end is dropped.
    package static var origin: SettingForm {
        SettingForm("an origin, such as https://batchport.example.org") { text in
            let origin = text.hasSuffix("/") ? String(text.dropLast()) : text
            for scheme in ["https://", "http://"] where origin.hasPrefix(scheme) {
                return isAuthority(origin.dropFirst(scheme.count)) ? origin : nil
            }
            return nil
        }
    }

    private static func isAuthority(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return false }
        let isHost = host.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        guard isHost, parts.count == 2 else { return isHost }
        return Int(parts[1]).map { (1...65535).contains($0) && String($0) == parts[1] } ?? false
    }
}

extension SettingForm<[UInt8]> {
    package static func hex(_ counts: ClosedRange<Int>) -> SettingForm {
        let bytes = counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        return SettingForm("\(bytes) bytes as hexadecimal digits") { text in
            let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count % 2 == 0, counts.contains(digits.count / 2) else { return nil }
            var bytes: [UInt8] = []
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let high = digits[index], let low = digits[index + 1] else { return nil }
                bytes.append(UInt8(high << 4 | low))
            }
            return bytes
        }
    }
}

internal import Processes

/// What one place, the file or the environment, says: values by the names of settings, those of secrets read from the
/// files that were named instead.
struct SettingsLayer {
    private(set) var values: [String: WrittenValue] = [:]

    init(
        lines: [(name: String, value: WrittenValue)], declared: [SettingDeclaration], problems: inout [String]
    ) {
        for (name, value) in lines {
            if let declaration = declared.first(where: { $0.means(name) }) {
                if declaration.isFamily, !Self.isMember(name.dropFirst(declaration.name.count)) {
                    problems.append("\(name) (\(value.place)): one or two names in small letters must follow.")
                } else {
                    take(name, value, &problems)
                }
            } else if let secret = declared.first(where: { $0.isSecret && name == $0.name + "_file" }) {
                take(fileOf: secret.name, value, &problems)
            } else {
                problems.append("\(name) (\(value.place)) is no setting.")
            }
        }
    }

    init(environment: [String: String], declared: [SettingDeclaration], problems: inout [String]) {
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where Self.isOurs(variable) {
            let value = WrittenValue(text: text, place: "the variable \(variable)")
            if let declaration = declared.first(where: { !$0.isFamily && $0.variable == variable }) {
                take(declaration.name, value, &problems)
            } else if let secret = declared.first(where: { $0.isSecret && $0.variable + "_FILE" == variable }) {
                take(fileOf: secret.name, value, &problems)
            } else {
                problems.append("\(variable) in the environment is no setting.")
            }
        }
    }

    private mutating func take(_ name: String, _ value: WrittenValue, _ problems: inout [String]) {
        if let first = values[name] {
            problems.append("\(name) is set twice: by \(first.place) and by \(value.place).")
        } else {
            values[name] = value
        }
    }

    /// The first line of the file: keys are one line, and editors end it.
    private mutating func take(fileOf name: String, _ path: WrittenValue, _ problems: inout [String]) {
        do {
            let bytes = try File.read(path.text, limit: 64 << 10)
            let line = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
            take(name, WrittenValue(text: line, place: "the file that \(path.place) names"), &problems)
        } catch {
            problems.append("The file of \(name), named by \(path.place), cannot be read: \(error).")
        }
    }

    /// `BATCHPORT_SETTINGS` names the settings file; what tests are told is none of a program's business.
    private static func isOurs(_ variable: String) -> Bool {
        variable.hasPrefix("BATCHPORT_") && variable != "BATCHPORT_SETTINGS" && !variable.hasPrefix("BATCHPORT_TEST_")
    }

    private static func isMember(_ end: Substring) -> Bool {
        let parts = end.split(separator: ".", omittingEmptySubsequences: false)
        let isSmall = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
        }
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isSmall) }
    }
}

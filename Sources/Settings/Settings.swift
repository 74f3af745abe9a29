/// What a program has been told: one file of `name = value` lines, and over it the environment's `BATCHPORT_…`.
/// Every name must be declared and every value well-formed, or there are no settings at all.
package struct Settings: Sendable {
    private let values: [String: WrittenValue]
    private let file: String?

    /// - Throws: all problems at once.
    package init(
        file: String?, environment: [String: String], declared: [SettingDeclaration]
    ) throws(SettingsError) {
        self.file = file
        var problems: [String] = []
        let lines = file.map { SettingsFile.read($0, problems: &problems) } ?? []
        let ofFile = SettingsLayer(lines: lines, declared: declared, problems: &problems)
        let ofEnvironment = SettingsLayer(environment: environment, declared: declared, problems: &problems)
        values = ofFile.values.merging(ofEnvironment.values) { _, over in over }
        problems += declared.flatMap { malformed($0) }
        guard problems.isEmpty else { throw SettingsError(problems) }
    }

    /// The value given, else the default, else nil.
    package func value<Value>(_ setting: Setting<Value>) -> Value? {
        values[setting.name].flatMap { setting.form.parse($0.text) } ?? setting.fallback
    }

    package func required<Value>(_ setting: Setting<Value>) throws(SettingsError) -> Value {
        guard let value = value(setting) else { throw SettingsError([missing(setting.declaration)]) }
        return value
    }

    /// All of the family that were given, by the ends of their names.
    package func values<Value>(_ family: SettingFamily<Value>) -> [String: Value] {
        var found: [String: Value] = [:]
        for (name, value) in values where name.hasPrefix(family.prefix) {
            found[String(name.dropFirst(family.prefix.count))] = family.form.parse(value.text)
        }
        return found
    }

    /// Names all that are missing, not the first one only.
    package func require(_ declarations: [SettingDeclaration]) throws(SettingsError) {
        let absent = declarations.filter { values[$0.name] == nil && !$0.hasDefault }
        guard absent.isEmpty else { throw SettingsError(absent.map(missing)) }
    }

    private func malformed(_ declaration: SettingDeclaration) -> [String] {
        values.sorted { $0.key < $1.key }.filter { declaration.means($0.key) && !declaration.isGood($0.value.text) }
            .map { name, value in "\(name) (\(value.place)) must be \(declaration.expectation)." }
    }

    private func missing(_ declaration: SettingDeclaration) -> String {
        let place = file.map { "in \($0)" } ?? "in a file named by --settings"
        return "\(declaration.name) is not set. Set it \(place), or as \(declaration.variable)."
    }
}

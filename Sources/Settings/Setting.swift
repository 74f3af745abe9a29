/// A setting that a program knows: its name in the file, how its value is written, and what holds without it.
///
///     static let threads = Setting("web.threads", .integer(1...4), default: 4)
package struct Setting<Value: Sendable>: Sendable {
    package let name: String
    let form: SettingForm<Value>
    let fallback: Value?
    /// May also be given as a file: `name_file = PATH`.
    let isSecret: Bool

    package init(_ name: String, _ form: SettingForm<Value>, default fallback: Value? = nil, isSecret: Bool = false) {
        self.name = name
        self.form = form
        self.fallback = fallback
        self.isSecret = isSecret
    }

    package var declaration: SettingDeclaration {
        SettingDeclaration(
            name: name, isSecret: isSecret, isFamily: false, expectation: form.expectation,
            isGood: { [form] in form.parse($0) != nil }, hasDefault: fallback != nil)
    }
}

/// Settings whose names begin alike and end as their user chooses, such as `aws.endpoint.REGION`. Given in the file only.
package struct SettingFamily<Value: Sendable>: Sendable {
    /// With the dot at its end.
    package let prefix: String
    let form: SettingForm<Value>

    package init(_ prefix: String, _ form: SettingForm<Value>) {
        self.prefix = prefix
        self.form = form
    }

    package var declaration: SettingDeclaration {
        SettingDeclaration(
            name: prefix, isSecret: false, isFamily: true, expectation: form.expectation,
            isGood: { [form] in form.parse($0) != nil }, hasDefault: true)
    }
}

/// A setting without the type of its value.
package struct SettingDeclaration: Sendable {
    package let name: String
    let isSecret: Bool
    let isFamily: Bool
    let expectation: String
    let isGood: @Sendable (String) -> Bool
    let hasDefault: Bool

    /// `web.threads` → `BATCHPORT_WEB_THREADS`.
    var variable: String { "BATCHPORT_" + name.uppercased().map { $0 == "." ? "_" : $0 } }

    func means(_ name: String) -> Bool { isFamily ? name.hasPrefix(self.name) : name == self.name }
}

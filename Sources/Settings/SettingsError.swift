/// What is wrong with the settings: every problem found, a sentence each. No sentence holds a value.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [String]

    package init(_ problems: [String]) { self.problems = problems }

    package var description: String { problems.joined(separator: "\n") }
}

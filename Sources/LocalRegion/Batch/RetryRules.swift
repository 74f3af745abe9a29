internal import JSON

/// `retryStrategy.evaluateOnExit`: what an attempt's end means for the next one.
struct RetryRules {
    private let rules: [Rule]

    private struct Rule {
        /// What is compared, and with which pattern; all must match.
        let conditions: [(Subject, String)]
        let retries: Bool
    }

    enum Subject: String, CaseIterable {
        case statusReason = "onStatusReason"
        case reason = "onReason"
        case exitCode = "onExitCode"
    }

    init(_ items: [RequestMembers]) throws(LocalFault) {
        guard items.count <= 5 else { throw .batch("evaluateOnExit can have at most 5 rules") }
        var rules: [Rule] = []
        for item in items {
            var conditions: [(Subject, String)] = []
            for subject in Subject.allCases {
                guard let pattern = try item.string(subject.rawValue) else { continue }
                guard Self.isPattern(pattern, subject) else {
                    throw .batch("\(subject.rawValue) is not a valid pattern: \(pattern.prefix(64))")
                }
                conditions.append((subject, pattern))
            }
            let action = try item.required("action").lowercased()
            guard action == "retry" || action == "exit" else { throw .batch("action must be RETRY or EXIT") }
            rules.append(Rule(conditions: conditions, retries: action == "retry"))
        }
        self.rules = rules
    }

    /// The first rule that matches decides; where none does, the job is retried.
    func retries(statusReason: String?, reason: String?, exitCode: Int?) -> Bool {
        let values: [Subject: String?] = [
            .statusReason: statusReason, .reason: reason, .exitCode: exitCode.map(String.init),
        ]
        let decisive = rules.first { rule in
            rule.conditions.allSatisfy { subject, pattern in Self.matches(values[subject] ?? nil, pattern) }
        }
        return decisive?.retries ?? true
    }

    /// At most 512 characters, a star only at the end; exit codes are digits.
    private static func isPattern(_ pattern: String, _ subject: Subject) -> Bool {
        let body = pattern.hasSuffix("*") ? pattern.dropLast() : pattern[...]
        guard (1...512).contains(pattern.utf8.count), !body.contains("*") else { return false }
        return subject != .exitCode || body.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func matches(_ value: String?, _ pattern: String) -> Bool {
        guard let value else { return false }
        return pattern.hasSuffix("*") ? value.hasPrefix(pattern.dropLast()) : value == pattern
    }
}

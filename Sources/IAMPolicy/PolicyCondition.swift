internal import JSON

/// One operator on one key, of a statement's `Condition`.
struct PolicyCondition: Sendable, Equatable {
    /// How the several values of one key are taken together.
    private enum Quantifier: Sendable {
        case one
        /// `ForAllValues:`, which holds for a key that is absent.
        case all
        /// `ForAnyValue:`, which does not.
        case any
    }

    private let quantifier: Quantifier
    private let comparison: PolicyComparison
    private let isNegated: Bool
    /// `…IfExists`: holds where the key is absent.
    private let passesAbsent: Bool
    private let key: String
    private let values: [PolicyPattern]
    private let texts: [String]

    static func read(_ json: JSONValue?, hasVariables: Bool) throws(PolicyProblem) -> [PolicyCondition] {
        guard let json else { return [] }
        guard let blocks = json.members else { throw PolicyProblem("Condition must be an object.") }
        var conditions: [PolicyCondition] = []
        for block in blocks {
            guard let keys = block.value.members else { throw PolicyProblem("\(block.name) must be an object.") }
            for key in keys { conditions.append(try PolicyCondition(block.name, key, hasVariables)) }
        }
        return conditions
    }

    private init(_ name: String, _ member: JSONValue.Member, _ hasVariables: Bool) throws(PolicyProblem) {
        var word = Substring(name)
        quantifier = Self.quantifier(&word)
        passesAbsent = word.hasSuffix("IfExists")
        if passesAbsent { word.removeLast("IfExists".count) }
        guard let (comparison, isNegated) = PolicyComparison.named[String(word)], !(comparison == .null && passesAbsent)
        else { throw PolicyProblem("Invalid Condition type : \(name)") }
        self.comparison = comparison
        self.isNegated = isNegated
        guard member.name.contains(":") else {
            throw PolicyProblem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        }
        key = member.name
        let items = member.value.array ?? [member.value]
        let texts = items.compactMap(Self.text)
        guard texts.count == items.count else { throw PolicyProblem("The values of \(key) must be plain.") }
        for text in texts where !comparison.admits(text) { throw PolicyProblem("Invalid value for \(name): \(text)") }
        self.texts = texts
        var values: [PolicyPattern] = []
        for text in texts {
            values.append(
                try PolicyPattern(text, hasVariables: hasVariables, hasWildcards: comparison.hasWildcards))
        }
        self.values = values
    }

    private static func quantifier(_ word: inout Substring) -> Quantifier {
        for (prefix, quantifier) in [("ForAllValues:", Quantifier.all), ("ForAnyValue:", .any)]
        where word.hasPrefix(prefix) {
            word = word.dropFirst(prefix.count)
            return quantifier
        }
        return .one
    }

    /// IAM takes numbers and truth values as the texts that they are.
    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let digits): digits
        case .bool(let truth): truth ? "true" : "false"
        default: nil
        }
    }

    func holds(_ context: AccessContext) -> Bool {
        let found = (context[key] ?? []).filter { !$0.isEmpty || comparison.isText }
        if comparison == .null { return texts.contains { ($0.lowercased() == "true") == found.isEmpty } }
        guard !found.isEmpty else { return isHeldByAbsent }
        // Several values of a key without a quantifier: IAM leaves open what that means; here one of them is enough, and
        // for a negated operator all must pass.
        let (isAny, isAll) = (quantifier == .any, quantifier == .all)
        return isAll || (isNegated && !isAny)
            ? found.allSatisfy { passes($0, context) } : found.contains { passes($0, context) }
    }

    private var isHeldByAbsent: Bool {
        switch quantifier {
        case .all: true
        case .any: passesAbsent
        case .one: passesAbsent || isNegated
        }
    }

    /// A value that is none of what the operator compares passes no operator, negated or not.
    private func passes(_ value: String, _ context: AccessContext) -> Bool {
        guard comparison.takes(value) else { return false }
        return zip(values, texts).contains { comparison.holds(value, $0, $1, context) } != isNegated
    }
}

internal import JSON

/// One statement: whom, what and when it concerns, and whether it allows or denies that.
struct PolicyStatement: Sendable, Equatable {
    enum Effect: String, Sendable {
        case allow = "Allow"
        case deny = "Deny"
    }

    let name: String?
    let effect: Effect
    /// Nil in the policies of users, roles and sessions.
    let principals: PolicyPrincipals?
    private let actions: Choice
    /// Nil in trust policies: the role itself.
    private let resources: Choice?
    private let conditions: [PolicyCondition]

    /// Patterns of which one must fit, or none.
    private struct Choice: Sendable, Equatable {
        let isNegated: Bool
        let patterns: [PolicyPattern]

        func holds(_ matches: (PolicyPattern) -> Bool) -> Bool { patterns.contains(where: matches) != isNegated }
    }

    private static let elements: Set = [
        "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
    ]

    init(_ json: JSONValue, as kind: PolicyDocument.Kind, hasVariables: Bool) throws(PolicyProblem) {
        let reader = try PolicyReader(json, knowing: Self.elements, in: "a statement")
        name = try reader.text("Sid")
        guard let effect = try reader.text("Effect").flatMap(Effect.init) else {
            throw PolicyProblem("Effect must be Allow or Deny.")
        }
        self.effect = effect
        principals = try PolicyPrincipals(reader)
        guard (principals == nil) == (kind == .identity) else {
            throw PolicyProblem(
                kind == .identity ? "Policy document must not specify a principal." : "Missing Principal.")
        }
        if principals?.isNegated == true, effect == .allow {
            throw PolicyProblem("Allow with NotPrincipal is not supported.")
        }
        actions = try Self.actions(reader, kind)
        resources = try Self.resources(reader, kind, hasVariables)
        conditions = try PolicyCondition.read(reader.value("Condition"), hasVariables: hasVariables)
    }

    func applies(to request: AccessRequest) -> Bool {
        (principals?.concern(request.principal) ?? true)
            && actions.holds { $0.matches(request.action, ignoringCase: true) }
            && (resources?.holds { $0.matches(request.resource, request.context) } ?? true)
            && conditions.allSatisfy { $0.holds(request.context) }
    }

    private static func actions(_ reader: PolicyReader, _ kind: PolicyDocument.Kind) throws(PolicyProblem) -> Choice {
        guard let (isNegated, texts) = try reader.oneOf("Action") else { throw PolicyProblem("Missing Action.") }
        var patterns: [PolicyPattern] = []
        for text in texts {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard text == "*" || parts.count == 2 && parts.allSatisfy({ !$0.isEmpty }) else {
                throw PolicyProblem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
            }
            guard kind != .trust || text == "*" || text.lowercased().hasPrefix("sts:") else {
                throw PolicyProblem("AssumeRole policy may only specify STS AssumeRole actions.")
            }
            patterns.append(try PolicyPattern(text, hasVariables: false))
        }
        return Choice(isNegated: isNegated, patterns: patterns)
    }

    private static func resources(
        _ reader: PolicyReader, _ kind: PolicyDocument.Kind, _ hasVariables: Bool
    ) throws(PolicyProblem) -> Choice? {
        guard let (isNegated, texts) = try reader.oneOf("Resource") else {
            guard kind == .trust else { throw PolicyProblem("Policy statement must contain resources.") }
            return nil
        }
        guard kind != .trust else { throw PolicyProblem("Has prohibited field Resource.") }
        var patterns: [PolicyPattern] = []
        for text in texts {
            guard text == "*" || text.hasPrefix("arn:") || text.hasPrefix("*") else {
                throw PolicyProblem("Resource \(text) must be in ARN format or \"*\".")
            }
            patterns.append(try PolicyPattern(text, hasVariables: hasVariables).keepingSegments)
        }
        return Choice(isNegated: isNegated, patterns: patterns)
    }
}

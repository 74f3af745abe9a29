internal import JSON

/// `Principal` or `NotPrincipal` of a statement.
struct PolicyPrincipals: Sendable, Equatable {
    /// How closely a statement names who asks, from least to most: it decides whether its Allow is enough by itself.
    enum Closeness: Int, Sendable, Comparable {
        /// By account: the account's own policies have to allow it as well.
        case account
        /// By role, or everyone: a session's own policies still limit it.
        case role
        /// The very user or session.
        case principal

        static func < (a: Closeness, b: Closeness) -> Bool { a.rawValue < b.rawValue }
    }

    let isNegated: Bool
    private let aws: [String]
    private let services: [String]

    /// Nil where the statement has neither.
    init?(_ reader: PolicyReader) throws(PolicyProblem) {
        let (plain, negated) = (reader.value("Principal"), reader.value("NotPrincipal"))
        guard plain == nil || negated == nil else { throw PolicyProblem("A statement has Principal and NotPrincipal.") }
        guard let value = plain ?? negated else { return nil }
        isNegated = negated != nil
        if value.string == "*" {
            (aws, services) = (["*"], ["*"])
            return
        }
        let known: Set = ["AWS", "Service", "Federated", "CanonicalUser"]
        let members = try PolicyReader(value, knowing: known, in: "Principal")
        aws = try members.texts("AWS") ?? []
        services = try members.texts("Service") ?? []
        // Nobody here signs in elsewhere; they are read so that templates with them can be taken.
        let others = [try members.texts("Federated"), try members.texts("CanonicalUser")]
        guard !aws.isEmpty || !services.isEmpty || others.contains(where: { $0 != nil }) else {
            throw PolicyProblem("Principal names nobody.")
        }
        for text in aws where !Self.isPrincipal(text) { throw PolicyProblem("Invalid principal in policy: \(text)") }
    }

    func concern(_ principal: PolicyPrincipal) -> Bool { (closeness(to: principal) != nil) != isNegated }

    /// Nil if none of the names is theirs.
    func closeness(to principal: PolicyPrincipal) -> Closeness? {
        if principal.kind == .service {
            return services.contains { $0 == "*" || $0 == principal.arn } ? .principal : nil
        }
        return aws.compactMap { Self.closeness($0, principal) }.max()
    }

    private static func closeness(_ text: String, _ principal: PolicyPrincipal) -> Closeness? {
        if text == principal.arn { return .principal }
        if text == "*" { return .role }
        if case .session(let role) = principal.kind, text == role { return .role }
        return text == principal.account || text == "arn:aws:iam::\(principal.account):root" ? .account : nil
    }

    private static func isPrincipal(_ text: String) -> Bool {
        if text == "*" { return true }
        if text.utf8.count == 12, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0] == "arn" && ["iam", "sts"].contains(parts[2]) && parts[4].utf8.count == 12
            && !parts[5].isEmpty && !text.contains("*")
    }
}

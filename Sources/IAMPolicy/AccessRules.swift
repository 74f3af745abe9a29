/// The policies that apply to one caller and one resource, of one account; and IAM's rules of what they come to.
///
/// Not here: service and resource control policies, permissions boundaries, and requests from another account.
/// Source: IAM's "Policy evaluation logic" and "Session policies".
package struct AccessRules: Sendable {
    /// Of the user or role.
    package let identity: [PolicyDocument]
    /// Given when the role was assumed: nil without any.
    package let session: [PolicyDocument]?
    /// Of the bucket.
    package let resource: PolicyDocument?

    package init(identity: [PolicyDocument], session: [PolicyDocument]? = nil, resource: PolicyDocument? = nil) {
        self.identity = identity
        self.session = session
        self.resource = resource
    }

    /// A Deny anywhere wins. Otherwise something must allow it: the bucket's policy alone if it names the very user or
    /// session; else the bucket's policy (naming the role or everyone) or the identity's, and the session's too if it
    /// has any.
    package func decide(_ request: AccessRequest) -> AccessDecision {
        let kinds: [(PolicyKind, [PolicyDocument])] = [
            (.identity, identity), (.session, session ?? []), (.resource, resource.map { [$0] } ?? []),
        ]
        for (kind, documents) in kinds where documents.contains(where: { !$0.statements(.deny, for: request).isEmpty })
        {
            return .denied(.explicitly(kind))
        }
        let grants = resource?.statements(.allow, for: request) ?? []
        let closeness = grants.compactMap { $0.principals?.closeness(to: request.principal) }.max()
        if closeness == .principal { return .allowed }
        guard closeness == .role || Self.allow(identity, request) else { return .denied(.implicitly(.identity)) }
        if let session, !Self.allow(session, request) { return .denied(.implicitly(.session)) }
        return .allowed
    }

    /// Whether a role may be assumed: as `decide`, with the role's trust policy as the resource's, which has to let them in.
    package func decideAssuming(_ request: AccessRequest) -> AccessDecision {
        let decision = decide(request)
        guard decision == .allowed, resource?.statements(.allow, for: request).isEmpty != false else { return decision }
        return .denied(.implicitly(.resource))
    }

    private static func allow(_ documents: [PolicyDocument], _ request: AccessRequest) -> Bool {
        documents.contains { !$0.statements(.allow, for: request).isEmpty }
    }
}

/// Which policies a refusal comes from, in the words of IAM's messages.
package enum PolicyKind: String, Sendable {
    case identity = "identity-based policy"
    case session = "session policy"
    case resource = "resource-based policy"
}

/// What the rules come to.
package enum AccessDecision: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// A statement denies it.
        case explicitly(PolicyKind)
        /// None allows it.
        case implicitly(PolicyKind)
    }

    case allowed
    case denied(Reason)
}

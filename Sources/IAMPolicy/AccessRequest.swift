/// Who asks: a user, a role's session, or a service of AWS.
package struct PolicyPrincipal: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case user
        /// Of the role with this ARN.
        case session(role: String)
        case service
    }

    package let kind: Kind
    /// Twelve digits; empty for a service.
    package let account: String
    /// `arn:aws:iam::…:user/NAME`, `arn:aws:sts::…:assumed-role/ROLE/SESSION`, or a service's name
    /// (`ecs-tasks.amazonaws.com`).
    package let arn: String

    package init(_ kind: Kind, account: String, arn: String) {
        self.kind = kind
        self.account = account
        self.arn = arn
    }
}

/// What a request says of itself, by condition key. Keys have no case.
package struct AccessContext: Sendable, Equatable {
    private var values: [String: [String]] = [:]

    package init(_ values: [String: [String]] = [:]) {
        for (key, value) in values { self[key] = value }
    }

    package subscript(_ key: String) -> [String]? {
        get { values[key.lowercased()] }
        set { values[key.lowercased()] = newValue }
    }

    /// With another's keys, which win.
    package func merging(_ other: AccessContext) -> AccessContext {
        var merged = self
        merged.values.merge(other.values) { _, new in new }
        return merged
    }
}

/// One action on one resource.
package struct AccessRequest: Sendable {
    package let principal: PolicyPrincipal
    /// As IAM names it: `s3:GetObject`.
    package let action: String
    /// An ARN, or `*` for actions that know no resources.
    package let resource: String
    package let context: AccessContext

    package init(principal: PolicyPrincipal, action: String, resource: String, context: AccessContext) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.context = context
    }
}

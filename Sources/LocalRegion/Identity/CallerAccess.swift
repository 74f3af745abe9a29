import AWS
import HTTP
import IAMPolicy

/// An action on a resource, as IAM names both, with what only this operation says of itself.
struct Permission: Sendable {
    let action: String
    /// An ARN, or `*` for actions that know no resources.
    let resource: String
    var context: [String: [String]] = [:]

    init(_ action: String, _ resource: String, _ context: [String: [String]] = [:]) {
        self.action = action
        self.resource = resource
        self.context = context
    }
}

/// What the one who signed may do: their policies, and what their request says of itself.
struct CallerAccess: Sendable {
    let caller: LocalCaller
    let sourceIdentity: String?
    private let service: LocalService
    private var rules: AccessRules
    private let context: AccessContext

    init(
        _ key: AccessKey, _ caller: LocalCaller, _ service: LocalService, bucketPolicy: PolicyDocument?,
        context: AccessContext
    ) {
        self.caller = caller
        self.service = service
        self.context = context
        sourceIdentity = key.sourceIdentity
        rules = AccessRules(identity: key.policies, session: key.sessionPolicies, resource: bucketPolicy)
    }

    /// The same where another bucket's policy has a say.
    func under(bucketPolicy: PolicyDocument?) -> CallerAccess {
        var access = self
        access.rules = AccessRules(identity: rules.identity, session: rules.session, resource: bucketPolicy)
        return access
    }

    func allows(_ permission: Permission) -> Bool { rules.decide(request(permission)) == .allowed }

    /// Nil if it is allowed.
    func refusal(_ permission: Permission) -> LocalFault? {
        guard case .denied(let reason) = rules.decide(request(permission)) else { return nil }
        return service.denied(caller, permission, reason)
    }

    /// The first that is not allowed is the answer.
    func require(_ permissions: [Permission]) throws(LocalFault) {
        for permission in permissions {
            if let refusal = refusal(permission) { throw refusal }
        }
    }

    /// As `require`, of what a role's trust policy decides about as well.
    /// - Parameter trust: nil if there is no such role, which looks the same.
    func require(_ permission: Permission, trust: PolicyDocument?) throws(LocalFault) {
        let rules = AccessRules(identity: rules.identity, session: rules.session, resource: trust)
        guard case .denied(let reason) = rules.decideAssuming(request(permission)) else { return }
        throw service.denied(caller, permission, reason)
    }

    private func request(_ permission: Permission) -> AccessRequest {
        AccessRequest(
            principal: caller.policyPrincipal, action: permission.action, resource: permission.resource,
            context: context.merging(AccessContext(permission.context)))
    }
}

extension LocalCaller {
    /// Of the role that the session belongs to.
    var role: String? {
        let parts = principal.split(separator: "/")
        return principal.hasPrefix("assumed-role/") && parts.count > 2
            ? "arn:aws:iam::\(account):role/\(parts[1])" : nil
    }

    var policyPrincipal: PolicyPrincipal {
        PolicyPrincipal(role.map { .session(role: $0) } ?? .user, account: account, arn: arn)
    }
}

extension LocalService {
    /// In IAM's words and the service's form.
    func denied(_ caller: LocalCaller, _ permission: Permission, _ reason: AccessDecision.Reason) -> LocalFault {
        var message = "User: \(caller.arn) is not authorized to perform: \(permission.action)"
        switch self {
        case .s3: message += permission.resource == "*" ? "" : " on resource: \"\(permission.resource)\""
        case .batch, .cloudformation, .logs, .sts: message += " on resource: \(permission.resource)"
        }
        switch reason {
        case .explicitly(let kind):
            message += " with an explicit deny in \(kind == .identity ? "an" : "a") \(kind.rawValue)"
        // STS does not say which of the two sides it was.
        case .implicitly:
            message += self == .sts ? "" : " because no \(reason.kind) allows the \(permission.action) action"
        }
        return switch self {
        case .batch, .logs: LocalFault(status: refusedStatus, code: "AccessDeniedException", message: message)
        case .cloudformation, .sts, .s3: LocalFault(status: 403, code: "AccessDenied", message: message)
        }
    }
}

extension AccessDecision.Reason {
    fileprivate var kind: String {
        switch self {
        case .explicitly(let kind), .implicitly(let kind): kind.rawValue
        }
    }
}

import Cryptography
import HTTP
import IAMPolicy
import JSON
import PostgreSQL

/// A session of a role: temporary keys, which may do what the role may and the session's own policies allow.
struct AssumeRole {
    private let request: AssumeRoleRequest
    private let access: CallerAccess
    /// Nil if there is none, which nobody is told.
    private let role: Role?

    private struct Role {
        let name: String
        let trust: PolicyDocument
        let longest: Int
    }

    private struct Keys {
        let id: String
        let secret: String
        let token: String
        let expiration: String
    }

    static func answer(
        _ form: Form, _ access: CallerAccess, _ database: inout Connection, id: String
    ) throws -> Response {
        let request = try AssumeRoleRequest(form)
        let start = "arn:aws:iam::\(access.caller.account):role/"
        let name = request.roleARN.hasPrefix(start) ? request.roleARN.split(separator: "/").last.map(String.init) : nil
        guard request.roleARN.hasPrefix("arn:"), request.roleARN.contains(":role/") else {
            throw AssumeRoleRequest.invalid("Request ARN is invalid")
        }
        let role = try database.row("SELECT name, trust, max_session_seconds FROM roles WHERE name = \(name ?? "")") {
            row in
            Role(
                name: try row.text(0), trust: try PolicyDocument(try row.json(1).bytes, as: .trust),
                longest: try row.int(2))
        }
        let assuming = AssumeRole(request: request, access: access, role: role)
        return try assuming.answer(&database, id: id)
    }

    private func answer(_ database: inout Connection, id: String) throws -> Response {
        try authorize()
        guard let role else { throw LocalService.sts.anonymous }
        let seconds = try duration(role)
        let policies = try sessionPolicies(&database)
        guard request.packedSize <= 100 else {
            throw LocalFault(
                code: "PackedPolicyTooLarge",
                message: "Packed policy consumes \(request.packedSize)% of allotted space, please use smaller policy.")
        }
        let session = "assumed-role/\(role.name)/\(request.sessionName)"
        let keys = try issue(session, seconds, policies, &database)
        let caller = LocalCaller(principal: session, account: access.caller.account, accessKeyID: keys.id)
        return .xml(
            XMLText.document("AssumeRoleResponse", namespace: STSService.namespace) { xml in
                xml.element("AssumeRoleResult") { write(caller, keys, to: &$0) }
                xml.element("ResponseMetadata") { $0.element("RequestId", id) }
            })
    }

    /// What the session keeps of the identity behind it, which does not change from role to role.
    private var sourceIdentity: String? { request.sourceIdentity ?? access.sourceIdentity }

    private func authorize() throws(LocalFault) {
        var actions = ["sts:AssumeRole"]
        if sourceIdentity != nil { actions.append("sts:SetSourceIdentity") }
        if !request.tags.isEmpty { actions.append("sts:TagSession") }
        var context = request.context
        context["sts:SourceIdentity"] = sourceIdentity.map { [$0] }
        for action in actions {
            try access.require(Permission(action, request.roleARN, context), trust: role?.trust)
        }
        if let kept = access.sourceIdentity, kept != sourceIdentity {
            let permission = Permission("sts:SetSourceIdentity", request.roleARN)
            throw LocalService.sts.denied(access.caller, permission, .implicitly(.resource))
        }
    }

    private func duration(_ role: Role) throws(LocalFault) -> Int {
        let seconds = request.seconds ?? 3600
        if access.caller.role != nil, seconds > 3600 {
            throw AssumeRoleRequest.invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
        }
        guard seconds <= role.longest else {
            throw AssumeRoleRequest.invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        }
        return seconds
    }

    private func sessionPolicies(_ database: inout Connection) throws -> JSONText? {
        guard request.narrows else { return nil }
        var documents: [JSONValue] = []
        if let text = request.policyText {
            do {
                _ = try PolicyDocument(Array(text.utf8), as: .identity)
                documents.append(try JSONValue.parse(Array(text.utf8)))
            } catch {
                throw Self.malformed("\(error)")
            }
        }
        let start = "arn:aws:iam::\(access.caller.account):policy/"
        for arn in request.policyARNs {
            let name = arn.hasPrefix(start) ? String(arn.dropFirst(start.count)) : ""
            let found = try database.row(
                "SELECT document FROM identity_policies WHERE holder = 'account' AND name = \(name)"
            ) { try $0.document(0) }
            guard let found else { throw Self.malformed("Policy \(arn) does not exist or is not attachable.") }
            documents.append(found)
        }
        return JSONText(JSONValue.array(documents).serialized())
    }

    private static func malformed(_ message: String) -> LocalFault {
        LocalFault(code: "MalformedPolicyDocument", message: message)
    }

    private func issue(
        _ session: String, _ seconds: Int, _ policies: JSONText?, _ database: inout Connection
    ) throws -> Keys {
        let (id, secret, token) = (FirstStart.newKeyID("ASIA"), base64(randomBytes(30)), base64(randomBytes(192)))
        let tags = Dictionary(request.tags.map { ($0.key, $0.value) }) { first, _ in first }
        let expiration = try database.row(
            """
            INSERT INTO access_keys (id, secret, session_token, principal, expires_at, session_policies, session_tags,
                source_identity)
            VALUES (\(id), \(secret), \(token), \(session), now() + \(seconds) * interval '1 s', \(policies),
                \(JSONText(JSONValue.map(tags).serialized())), \(sourceIdentity))
            RETURNING to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            """
        ) { try $0.text(0) }
        return Keys(id: id, secret: secret, token: token, expiration: expiration ?? "")
    }

    private func write(_ caller: LocalCaller, _ keys: Keys, to xml: inout XMLText) {
        xml.element("Credentials") { xml in
            xml.element("AccessKeyId", keys.id)
            xml.element("SecretAccessKey", keys.secret)
            xml.element("SessionToken", keys.token)
            xml.element("Expiration", keys.expiration)
        }
        xml.element("AssumedRoleUser") { xml in
            xml.element("AssumedRoleId", caller.userID)
            xml.element("Arn", caller.arn)
        }
        if request.narrows || !request.tags.isEmpty { xml.element("PackedPolicySize", request.packedSize) }
        if let sourceIdentity { xml.element("SourceIdentity", sourceIdentity) }
    }
}

internal import HTTPClient

/// AssumeRole's input. Without a session policy there is none: a session may never do all that its role may.
package struct AssumeRoleInput: Sendable, Hashable {
    /// At most 2,048 characters, packed by AWS to a limit of its own.
    package static let policyLimit = 2048

    package let roleARN: String
    /// 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`.
    package let sessionName: String
    /// JSON; the session may do what both this and the role's own policies allow.
    package let policy: String
    /// 2 to 1,224 characters.
    package var externalID: String?
    /// As `sessionName`. The role's trust policy must allow `sts:SetSourceIdentity` as well.
    package var sourceIdentity: String?
    /// 900 to 43,200; a role that was itself assumed gives 3,600 at most.
    package var seconds = 3600

    package init(roleARN: String, sessionName: String, policy: String) {
        self.roleARN = roleARN
        self.sessionName = sessionName
        self.policy = policy
    }
}

extension AWSClient {
    /// A session's credentials, with the time they end at. That the role's trust policy does not let the caller in, and
    /// that there is no such role, are both `AccessDenied`.
    package mutating func assumeRole(
        _ input: AssumeRoleInput, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> AWSCredentials {
        var form = [
            ("RoleArn", input.roleARN), ("RoleSessionName", input.sessionName), ("Policy", input.policy),
            ("DurationSeconds", String(input.seconds)),
        ]
        if let id = input.externalID { form.append(("ExternalId", id)) }
        if let source = input.sourceIdentity { form.append(("SourceIdentity", source)) }
        let call = Call.sts("AssumeRole", form)
        guard input.policy.utf8.count <= AssumeRoleInput.policyLimit else {
            throw call.failure("BadArgument", "A session policy has at most 2,048 characters.")
        }
        let response = try answer(call, credentials, region)
        guard let document = try? XMLText.decode(AssumeRoleResponse.self, response.body),
            let end = AmzDate.parseDashed(document.assumeRoleResult.credentials.expiration)
        else { throw call.unreadable("It is not an AssumeRoleResponse.") }
        let made = document.assumeRoleResult.credentials
        var session = AWSCredentials(
            accessKeyID: made.accessKeyId, secretAccessKey: made.secretAccessKey, sessionToken: made.sessionToken)
        session.expiresAt = end
        return session
    }
}

private struct AssumeRoleResponse: Decodable {
    struct Result: Decodable { let credentials: Made }
    struct Made: Decodable {
        let accessKeyId: String
        let secretAccessKey: String
        let sessionToken: String
        let expiration: String
    }

    let assumeRoleResult: Result
}

import AWS
import Cryptography
import FoundationEssentials
import PostgreSQL
import Processes

/// A role in the vault, as far as assuming it needs.
struct Role {
    let credential: UUID
    let owner: UUID
    let arn: String
    let externalID: String
    /// Where STS is asked.
    let region: String
    let isProven: Bool

    /// A session for this person, and for no more than the policy says.
    /// - Parameter externalID: nil for none.
    func input(_ policy: SessionPolicy, for person: UUID, externalID: String?) -> AssumeRoleInput {
        var input = AssumeRoleInput(roleARN: arn, sessionName: "batchport", policy: policy.text)
        input.sourceIdentity = person.lower
        input.externalID = externalID
        return input
    }

    var partition: String {
        arn.split(separator: ":", omittingEmptySubsequences: false).dropFirst().first.map(String.init) ?? "aws"
    }
}

extension Workbench {
    /// The session that this use of the role gets; the use stands in the trail already.
    mutating func session(of role: Role, for use: SecretUse) throws -> AWSCredentials {
        guard let portal = configuration.portal else { throw CredentialTrouble.portalMissing }
        guard role.isProven else {
            try suspect(role.credential)
            throw CredentialTrouble.unproven
        }
        guard let policy = try database.sessionPolicy(for: use.reach, partition: role.partition) else {
            throw CredentialTrouble.deleted
        }
        let input = role.input(policy, for: use.person ?? role.owner, externalID: role.externalID)
        let key = RoleSessions.Key(credential: role.credential, input: input, region: role.region)
        let now = Clock.milliseconds()
        if let session = configuration.sessions.current(key, at: now) { return session }
        do {
            let session = try portal.assume(input, in: role.region, &aws)
            configuration.sessions.keep(session, for: key, at: now)
            return session
        } catch let error {
            guard error.isDefinite || error.isCredentialRefused else { throw error }
            try suspect(role.credential)
            throw CredentialTrouble.notAssumed(error.sentence)
        }
    }
}

extension CredentialTrouble {
    static let portalMissing = CredentialTrouble(
        sentence: "This portal has no identity of its own at AWS, so it can assume no role.",
        remedy: "An operator must give the worker the portal's access key (portal.access_key_id in its settings).")
    static let unproven = CredentialTrouble(
        sentence: "It has not been seen yet that the role refuses whoever does not know its ExternalId.",
        remedy: "It is being checked; Credentials says what is found.")

    static func notAssumed(_ sentence: String) -> CredentialTrouble {
        CredentialTrouble(
            sentence: "The role cannot be assumed. \(sentence)",
            remedy: "The role's trust policy must be as Credentials shows it; it is tried again by itself.")
    }
}

extension Connection {
    /// With its owner's ExternalId for its account.
    mutating func role(_ id: UUID) throws -> Role? {
        try row(
            """
            SELECT c.owner, c.role_arn, c.region, c.proven_at IS NOT NULL AS proven, x.value FROM credentials c
            JOIN external_ids x ON x.owner = c.owner AND x.account = split_part(c.role_arn, ':', 5)
            WHERE c.id = \(id) AND c.kind = 'role' AND c.deleted_at IS NULL
            """
        ) {
            Role(
                credential: id, owner: try $0.uuid("owner"), arn: try $0.text("role_arn"),
                externalID: try $0.text("value"), region: try $0.text("region"), isProven: try $0.bool("proven"))
        }
    }
}

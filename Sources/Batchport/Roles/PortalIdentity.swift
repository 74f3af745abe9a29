package import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// The identity by which the portal assumes roles, from the worker's settings and never from its surroundings. It is used
/// for that alone, and to say whose it is.
package struct PortalIdentity: Sendable {
    private let key: AWSCredentials
    /// Where it is asked whose it is.
    let region: String

    package init(_ key: AWSCredentials, region: String) {
        self.key = key
        self.region = region
    }

    func assume(
        _ input: AssumeRoleInput, in region: String, _ aws: inout AWSClient
    ) throws(AWSError) -> AWSCredentials {
        var session = try aws.assumeRole(input, by: key, in: region)
        session.account = input.roleARN.split(separator: ":", omittingEmptySubsequences: false).dropFirst(4).first
            .map(String.init)
        return session
    }

    func whose(_ aws: inout AWSClient) throws(AWSError) -> CallerIdentity {
        try aws.callerIdentity(by: key, in: region)
    }
}

/// Asks AWS who the portal is, for the pages that show what a role's trust policy must name.
enum PortalCheck {
    static let kind = TaskKind("checkPortal", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let found = try look(&bench)
        try bench.write(for: task) { database in
            try database.execute(
                """
                INSERT INTO portal_identity (arn, account, trouble, checked_at)
                VALUES (\(found.identity?.arn), \(found.identity?.account), \(found.trouble), now())
                ON CONFLICT (single) DO UPDATE SET arn = excluded.arn, account = excluded.account,
                    trouble = excluded.trouble, checked_at = now()
                """)
        }
        return .done
    }

    private static func look(_ bench: inout Workbench) throws -> (identity: CallerIdentity?, trouble: String?) {
        guard let portal = bench.configuration.portal else { return (nil, CredentialTrouble.portalMissing.sentence) }
        do {
            let identity = try portal.whose(&bench.aws)
            let rootTrouble = "The portal's own key is of its account's root user: it must be a user's or a role's."
            return identity.isRoot ? (nil, rootTrouble) : (identity, nil)
        } catch {
            guard error.isDefinite || error.isCredentialRefused else { throw error }
            return (nil, "The portal's own key does not work. \(error.sentence)")
        }
    }
}

extension Connection {
    mutating func enqueuePortalCheck() throws {
        try enqueue(kind: PortalCheck.kind.name, arguments: JSONText("{}"), uniqueKey: PortalCheck.kind.name)
    }

    /// Every hour; a worker's start does it at once.
    mutating func checkPortalHourly() throws {
        let isFresh = try row("SELECT checked_at > now() - interval '1 hour' FROM portal_identity") { try $0.bool(0) }
        if isFresh != true { try enqueuePortalCheck() }
    }
}

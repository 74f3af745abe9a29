package import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// The identity by which the portal assumes roles, as the worker's settings say: an access key, or the role of the instance
/// that the worker runs on. It is used for that alone, and to say whose it is.
package struct PortalIdentity: Sendable {
    private enum Source: Sendable {
        case key(AWSCredentials)
        case instance(InstanceCredentials)
    }

    private let source: Source
    /// Where it is asked whose it is.
    let region: String

    package init(_ key: AWSCredentials, region: String) {
        source = .key(key)
        self.region = region
    }

    package init(_ instance: InstanceCredentials, region: String) {
        source = .instance(instance)
        self.region = region
    }

    func assume(
        _ input: AssumeRoleInput, in region: String, _ aws: inout AWSClient
    ) throws(AWSError) -> AWSCredentials {
        var session = try signed { key throws(AWSError) in try aws.assumeRole(input, by: key, in: region) }
        session.account = input.roleARN.split(separator: ":", omittingEmptySubsequences: false).dropFirst(4).first
            .map(String.init)
        return session
    }

    func whose(_ aws: inout AWSClient) throws(AWSError) -> CallerIdentity {
        try signed { key throws(AWSError) in try aws.callerIdentity(by: key, in: region) }
    }

    private func signed<Answer>(_ call: (AWSCredentials) throws(AWSError) -> Answer) throws(AWSError) -> Answer {
        switch source {
        case .key(let key): return try call(key)
        case .instance(let instance):
            do throws(AWSError) { return try call(try instance.current()) } catch {
                // Whatever is wrong with them, the next ones may be better.
                if error.isCredentialRefused { instance.forget() }
                throw error
            }
        }
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
            return (nil, "The portal's own identity does not work. \(error.sentence)")
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

import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whether a credential works: it is opened, and AWS is asked whose it is.
enum CredentialCheck {
    static let kind = TaskKind("checkCredential", run: run)

    struct Finding {
        var health: Credential.Health
        var detail: String?
        var account: String?
        var arn: String?
        /// A role that was seen to refuse whoever does not know its ExternalId.
        var isProven = false
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("credential")
        let found = try bench.database.row(
            "SELECT owner, region, version, kind FROM credentials WHERE id = \(id) AND deleted_at IS NULL"
        ) {
            (
                owner: try $0.uuid("owner"), region: try $0.text("region"), version: try $0.int("version"),
                isRole: try $0.text("kind") == "role"
            )
        }
        guard let found else { return .done }
        let finding =
            try found.isRole
            ? lookAtRole(id, &bench) : look(id, owner: found.owner, region: found.region, &bench)
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE credentials SET health = \(finding.health.rawValue), health_detail = \(finding.detail),
                    account = coalesce(\(finding.account)::text, account), arn = coalesce(\(finding.arn)::text, arn),
                    checked_at = now(), proven_at = CASE WHEN \(finding.isProven) THEN now()
                        WHEN \(finding.health == .unreachable) THEN proven_at END
                WHERE id = \(id) AND version = \(found.version)
                """)
            if finding.health == .ok { try database.resumeHeldJobs(credential: id) }
        }
        return finding.health == .unreachable ? .retry(reason: "AWS was not reached") : .done
    }

    private static func lookAtRole(_ id: UUID, _ bench: inout Workbench) throws -> Finding {
        guard let role = try bench.database.role(id) else { return Finding(health: .unreadable) }
        guard let portal = bench.configuration.portal else {
            return Finding(health: .refused, detail: CredentialTrouble.portalMissing.sentence)
        }
        try bench.record(checkOf: role)
        do {
            switch try RoleProof(role: role).look(portal, &bench.aws) {
            case .refused(let sentence):
                bench.configuration.sessions.forget(id)
                return Finding(health: .refused, detail: sentence)
            case .proven(let account, let arn):
                return Finding(health: .ok, account: account, arn: arn, isProven: true)
            }
        } catch {
            return Finding(
                health: error.isDefinite || error.isCredentialRefused ? .refused : .unreachable, detail: error.sentence)
        }
    }

    /// A root user's key cannot be cut to anything (trust.md S36).
    static func finding(for identity: CallerIdentity) -> Finding {
        if identity.isRoot {
            return Finding(
                health: .refused, detail: "This is the account's root user: make a user or role for Batchport.")
        }
        return Finding(health: .ok, account: identity.account, arn: identity.arn)
    }

    private static func look(
        _ id: UUID, owner: UUID, region: String, _ bench: inout Workbench
    ) throws -> Finding {
        do {
            let key = try bench.openCredential(id, for: SecretUse(person: owner, purpose: "check", reach: .nothing))
            return finding(for: try bench.aws.callerIdentity(by: key, in: region))
        } catch let trouble as CredentialTrouble {
            // That says nothing about the credential.
            if trouble == .sealed { throw trouble }
            return Finding(health: .unreadable, detail: trouble.sentence)
        } catch let error as AWSError {
            return Finding(
                health: error.isDefinite || error.isCredentialRefused ? .refused : .unreachable, detail: error.sentence)
        }
    }
}

extension Connection {
    /// Jobs that waited for this credential go on.
    mutating func resumeHeldJobs(credential: UUID) throws {
        try resumeHeldJobs(where: "credential = \(credential) AND held_cause IS DISTINCT FROM 'environmentDisabled'")
    }

    /// Jobs that waited for something of this environment to be mended go on.
    mutating func resumeHeldJobs(environment: UUID) throws {
        try resumeHeldJobs(where: "environment = \(environment) AND held_cause IS DISTINCT FROM 'environmentDisabled'")
    }

    /// Jobs that waited for what this condition says go on.
    mutating func resumeHeldJobs(where condition: SQL) throws {
        let jobs = try rows(
            """
            UPDATE jobs SET phase = 'queued', phase_since = now(), phase_reason = NULL, held_cause = NULL,
                held_remedy = NULL, held_who = NULL
            WHERE \(fragment: condition) AND phase = 'held' AND settled_at IS NULL
            RETURNING id, owner, account, region
            """
        ) {
            (
                try $0.uuid("id"), try $0.uuid("owner"),
                Place(account: try $0.text("account"), region: try $0.text("region"))
            )
        }
        for (job, owner, place) in jobs {
            try note(job, "resumed", "What it waited for is mended.")
            try enqueueSubmission(of: job, by: owner, at: place)
        }
    }
}

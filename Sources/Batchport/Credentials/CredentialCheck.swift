import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whether a credential works: it is opened, and AWS is asked whose it is.
enum CredentialCheck {
    static let kind = TaskKind("checkCredential", run: run)

    private struct Finding {
        var health: Credential.Health
        var detail: String?
        var account: String?
        var arn: String?
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("credential")
        let found = try bench.database.row(
            "SELECT owner, region, version FROM credentials WHERE id = \(id) AND deleted_at IS NULL"
        ) { (owner: try $0.uuid("owner"), region: try $0.text("region"), version: try $0.int("version")) }
        guard let found else { return .done }
        let finding = try look(id, owner: found.owner, region: found.region, &bench)
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE credentials SET health = \(finding.health.rawValue), health_detail = \(finding.detail),
                    account = coalesce(\(finding.account)::text, account), arn = coalesce(\(finding.arn)::text, arn),
                    checked_at = now()
                WHERE id = \(id) AND version = \(found.version)
                """)
            if finding.health == .ok { try database.resumeHeldJobs(credential: id) }
        }
        return finding.health == .unreachable ? .retry(reason: "AWS was not reached") : .done
    }

    private static func look(
        _ id: UUID, owner: UUID, region: String, _ bench: inout Workbench
    ) throws -> Finding {
        do {
            let key = try bench.openCredential(id, for: SecretUse(person: owner, purpose: "check"))
            let identity = try bench.aws.callerIdentity(by: key, in: region)
            if identity.arn.hasSuffix(":root") {
                return Finding(
                    health: .refused, detail: "This is the account's root user: make a user or role for Batchport.")
            }
            return Finding(health: .ok, account: identity.account, arn: identity.arn)
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

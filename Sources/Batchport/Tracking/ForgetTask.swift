import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Whether AWS still knows jobs that are settled: its forgetting changes nothing, but a job's page says when.
enum ForgetTask {
    static let kind = TaskKind("forget", run: run)
    private static let idsPerCall = 100

    private struct Settled {
        let id: UUID
        let providerID: String
        let credential: UUID
        let region: String
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let jobs = try (try? task.id("job")).map { try settled(["j.id = \($0)"], &bench) } ?? due(task, &bench)
        guard let first = jobs.first else { return .done }
        let own = jobs.filter { $0.credential == first.credential && $0.region == first.region }
        do {
            let use = SecretUse(
                person: nil, purpose: "forget", reach: .looking, detail: [.init("jobs", .string(String(own.count)))])
            let key = try bench.openCredential(first.credential, for: use)
            let known = try bench.aws.describeJobs(own.map(\.providerID), by: key, in: first.region)
            let forgotten = own.filter { job in !known.contains { $0.jobID == job.providerID } }.map(\.id)
            try bench.write(for: task) { database in
                try database.execute(
                    "UPDATE jobs SET forgotten_at = now() WHERE id = ANY(\(forgotten)) AND forgotten_at IS NULL")
            }
            return .done
        } catch is CredentialTrouble {
            // Whoever deleted the credential does not want it to be asked any more.
            return .done
        } catch let error as AWSError {
            return error.isDefinite ? .done : task.patiently(error.description)
        }
    }

    /// Of one credential, those whose hour of the day this is: each is asked about once a day at most.
    private static func due(_ task: ClaimedTask, _ bench: inout Workbench) throws -> [Settled] {
        try settled(
            [
                "j.credential = \(try task.id("credential"))",
                "abs(hashtext(j.provider_job_id)) % 24 = extract(hour FROM now())::int",
            ], &bench)
    }

    private static func settled(_ conditions: [SQL], _ bench: inout Workbench) throws -> [Settled] {
        try bench.database.rows(
            """
            SELECT j.id, j.provider_job_id, \(fragment: Signer.ofJob) AS credential, j.region FROM jobs j
            WHERE j.phase = 'sent' AND j.settled_at IS NOT NULL AND j.forgotten_at IS NULL
                AND j.settled_at < now() - site_limit('track.forgetSeconds') * interval '1 s'
                AND \(fragments: conditions, separator: " AND ")
            ORDER BY j.settled_at LIMIT \(idsPerCall)
            """
        ) {
            Settled(
                id: try $0.uuid("id"), providerID: try $0.text("provider_job_id"),
                credential: try $0.uuid("credential"), region: try $0.text("region"))
        }
    }
}

extension Connection {
    /// Once an hour for each credential that has jobs which AWS may have forgotten.
    mutating func askHourlyWhatIsForgotten() throws {
        try execute(
            """
            SELECT enqueue_task('forget', jsonb_build_object('credential', c.id), 'ordinary', NULL,
                'forget/' || c.id, 25)
            FROM credentials c
            WHERE c.deleted_at IS NULL AND EXISTS (SELECT FROM jobs j
                    WHERE j.credential = c.id AND j.phase = 'sent' AND j.forgotten_at IS NULL
                        AND j.settled_at < now() - site_limit('track.forgetSeconds') * interval '1 s')
                AND NOT EXISTS (SELECT FROM tasks t WHERE t.unique_key = 'forget/' || c.id
                    AND t.created_at > now() - interval '1 hour')
            """)
    }
}

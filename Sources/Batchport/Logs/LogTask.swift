import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Follows a running job's log, where few run or somebody looks. Capturing reads the rest once the job has ended.
enum LogTask {
    static let kind = TaskKind("fetchLog", run: run)
    private static let longestMilliseconds = 10_000

    private struct Followed {
        let owner: UUID
        let credential: UUID
        /// Running at the same account and region: they share its calls.
        let others: Int
        let isLookedAt: Bool
        let isRunning: Bool
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let job = try followed(id, &bench.database), job.isRunning,
            try job.isLookedAt || job.others <= bench.database.workerLimit("log.followed", else: 50),
            let place = try bench.database.logPlaces(of: id).last
        else { return .done }
        do {
            let key = try bench.openCredential(job.credential, for: .job(id, of: job.owner, "log"))
            let lines = try bench.fetchLog(place, by: key, for: task)
            return .again(afterMilliseconds: wait(lines, others: job.others))
        } catch let trouble as CredentialTrouble {
            return task.patiently(trouble.sentence)
        } catch let error as AWSError {
            try bench.suspect(job.credential, after: error)
            return error.isDefinite ? .done : task.patiently(error.description)
        }
    }

    /// Soon while lines come. AWS allows ten calls a second to all users of an account together: half of them are ours.
    private static func wait(_ lines: Int, others: Int) -> Int {
        max(lines > 0 ? 1000 : 3000, min(longestMilliseconds * 30, 200 * others))
    }

    private static func followed(_ id: UUID, _ database: inout Connection) throws -> Followed? {
        try database.row(
            """
            SELECT owner, \(fragment: Signer.ofJob) AS credential,
                phase = 'sent' AND status = 'Running' AND settled_at IS NULL AS is_running,
                (SELECT count(*) FROM jobs o WHERE o.account = j.account AND o.region = j.region
                    AND o.settled_at IS NULL AND o.status = 'Running') AS others,
                EXISTS (SELECT FROM looks WHERE job = j.id
                    AND at > now() - site_limit('track.lookSeconds') * interval '1 s') AS is_looked_at
            FROM jobs j WHERE id = \(id)
            """
        ) {
            Followed(
                owner: try $0.uuid("owner"), credential: try $0.uuid("credential"), others: try $0.int("others"),
                isLookedAt: try $0.bool("is_looked_at"), isRunning: try $0.bool("is_running"))
        }
    }
}

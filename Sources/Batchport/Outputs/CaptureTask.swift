import AWS
import FoundationEssentials
import JobManifest
import PostgreSQL
import Tasks

/// Takes everything that is left of an ended job, so that AWS may forget it: log, outcome, outputs, result. Only then is
/// the job settled. Every step can be done again.
enum CaptureTask {
    static let kind = TaskKind("capture", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("job")
        guard let job = try bench.database.endedJob(id) else { return .done }
        do {
            let key = try bench.openCredential(job.credential, for: .job(id, of: job.owner, "capture"))
            var capture = Capture(job: job, key: key, task: task)
            if let wait = try capture.takeLogs(&bench) { return .again(afterMilliseconds: wait) }
            try capture.takeFiles(&bench)
            if let place = try bench.database.resultsPlace(id) {
                let parts = ResultParts(
                    job: id, keys: place.keys, bucket: place.bucket, region: place.region, key: key, task: task)
                try AssembledResults.bringUpToDate(parts, final: true, &bench)
            }
            try capture.settle(&bench)
            return .done
        } catch let trouble as CredentialTrouble {
            try bench.note("It cannot be captured yet. \(trouble.sentence)", on: id, for: task)
            return task.patiently(trouble.sentence)
        } catch let error as AWSError {
            try bench.suspect(job.credential, after: error)
            // What AWS refuses for good is noted as missing where it is met; this may pass.
            try bench.note("It could not be captured yet. \(error.sentence)", on: id, for: task)
            return task.patiently(error.description)
        }
    }
}

/// A job whose end is known, or that is lost, before it is settled.
struct EndedJob {
    let id: UUID
    let owner: UUID
    let credential: UUID
    let region: String
    let bucket: String
    let keys: JobKeys
    let hasRunner: Bool
    let isLost: Bool
    let hasSucceeded: Bool
    let statusReason: String?
    let wasStopped: Bool
    /// The last attempt's number; 0 when none began.
    let attempt: Int
    let secondsSinceEnd: Int

    init(_ row: borrowing Row) throws {
        id = try row.uuid("id")
        owner = try row.uuid("owner")
        credential = try row.uuid("credential")
        region = try row.text("region")
        bucket = try row.text("bucket")
        let prefix = try row.text("prefix")
        guard let keys = JobKeys(prefix: prefix, job: id.lower) else { throw UnreadableArguments(name: "job") }
        self.keys = keys
        hasRunner = try row.bool("with_runner")
        isLost = try row.bool("is_lost")
        hasSucceeded = try row.bool("has_succeeded")
        statusReason = try row.textOptional("status_reason")
        wasStopped = try row.bool("was_stopped")
        attempt = try row.int("attempt")
        secondsSinceEnd = try row.int("seconds")
    }

    /// Why there is no result, where the code could not say it itself.
    var cause: Missing.Cause {
        if isLost { return .lost }
        if !hasRunner { return .notApplicable }
        if hasSucceeded { return .outputExpired }
        if wasStopped { return .aborted }
        return statusReason?.contains("attempt duration exceeded timeout") == true ? .timedOut : .failed
    }
}

extension Connection {
    /// Nil when it is settled, or has not ended.
    fileprivate mutating func endedJob(_ id: UUID) throws -> EndedJob? {
        try row(
            """
            SELECT id, owner, \(fragment: Signer.ofJob) AS credential, region, bucket, prefix, with_runner,
                phase = 'lost' AS is_lost,
                coalesce(status = 'Succeeded', false) AS has_succeeded, status_reason,
                stop_requested_at IS NOT NULL AS was_stopped,
                coalesce((SELECT max(n) FROM attempts WHERE job = id AND child = -1), 0) AS attempt,
                extract(epoch FROM now() - greatest(coalesce(stopped_at, status_since), status_since))::bigint AS seconds
            FROM jobs j
            WHERE id = \(id) AND settled_at IS NULL
                AND (phase = 'lost' OR (phase = 'sent' AND status IN ('Succeeded', 'Failed')))
            """
        ) { try EndedJob($0) }
    }
}

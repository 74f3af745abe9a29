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
            return try job.isArray ? array(job, key, task, &bench) : single(job, key, task, &bench)
        } catch let trouble as CredentialTrouble {
            try bench.note("It cannot be captured yet. \(trouble.sentence)", on: id, for: task)
            return try CaptureTrouble(job: id, task: task, sentence: trouble.sentence)
                .noted(task.patiently(trouble.sentence), &bench)
        } catch let error as AWSError {
            try bench.suspect(job.credential, after: error)
            // What AWS refuses for good is noted as missing where it is met; this may pass.
            try bench.note("It could not be captured yet. \(error.sentence)", on: id, for: task)
            return try CaptureTrouble(job: id, task: task, sentence: error.sentence)
                .noted(task.patiently(error.description), &bench)
        } catch {
            // A connection that has ended is the database's trouble, which passes by itself.
            if error is LeaseLost || error is Stopping || bench.database.isBroken { throw error }
            return try CaptureTrouble(job: id, task: task, sentence: CaptureTrouble.sentence(error))
                .noted(TaskFailure.outcome(error, of: task, bench.log), &bench)
        }
    }
}

extension CaptureTask {
    private static func single(
        _ job: EndedJob, _ key: AWSCredentials, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        var capture = Capture(job: job, key: key, task: task)
        if let wait = try capture.takeLogs(&bench) { return .again(afterMilliseconds: wait) }
        try capture.takeFiles(&bench)
        try capture.settle(&bench)
        return .done
    }

    private static func array(
        _ job: EndedJob, _ key: AWSCredentials, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        var capture = ArrayCapture(job: job, key: key, task: task)
        if let wait = try capture.takeLogs(&bench) { return .again(afterMilliseconds: wait) }
        try capture.takeChildren(&bench)
        if let place = try bench.database.resultsPlace(job.id) {
            let parts = ResultParts(
                job: job.id, keys: place.keys, bucket: place.bucket, region: place.region, key: key, task: task)
            try AssembledResults.bringUpToDate(parts, final: true, &bench)
        }
        try capture.settle(&bench)
        return .done
    }
}

/// A job whose end is known, or that is lost, before it is settled.
struct EndedJob {
    let id: UUID
    let owner: UUID
    let credential: UUID
    let region: String
    let bucket: String
    let isArray: Bool
    private(set) var keys: JobKeys
    let hasRunner: Bool
    private(set) var isLost: Bool
    private(set) var hasSucceeded: Bool
    private(set) var statusReason: String?
    private(set) var wasStopped: Bool
    /// The last attempt's number; 0 when AWS told of none.
    var attempt: Int
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
        isArray = try row.bool("is_array")
        hasRunner = try row.bool("with_runner")
        isLost = try row.bool("is_lost")
        hasSucceeded = try row.bool("has_succeeded")
        statusReason = try row.textOptional("status_reason")
        wasStopped = try row.bool("was_stopped")
        attempt = try row.int("attempt")
        secondsSinceEnd = try row.int("seconds")
    }

    /// One of its children, with attempts of its own.
    func child(_ child: EndedChild) -> EndedJob {
        var job = self
        job.keys = keys.ofChild(child.k)
        (job.isLost, job.hasSucceeded, job.attempt) = (isLost || child.isLost, child.hasSucceeded, child.attempts)
        (job.statusReason, job.wasStopped) = (child.statusReason, wasStopped || child.wasStopped)
        return job
    }

    /// Milliseconds until AWS will bring no more lines of its log. In our own region the log is whole when the job ends.
    func logWait(_ configuration: WorkerConfiguration, _ database: inout Connection) throws -> Int? {
        let lag = try database.workerLimit("log.lagSeconds", else: 10)
        guard secondsSinceEnd < lag, !configuration.endpoints.isOverridden(region) else { return nil }
        return (lag - secondsSinceEnd) * 1000
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
                job_type = 'Array' AS is_array, phase = 'lost' AS is_lost,
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

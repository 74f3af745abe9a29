import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// What is asked of AWS about sent jobs, and how often.
extension Connection {
    /// One sweep at a time for an account and region; a new job makes the next one come soon, whenever it was to come.
    ///
    /// The update meets the sweep's row in whatever state it is: a sweep that is just deciding when to come again waits
    /// for this transaction, or this waits for it.
    mutating func enqueueTracking(account: String, region: String) throws {
        let key = "\(TrackTask.kind.name)/\(account)/\(region)"
        let arguments: JSONValue = ["account": .string(account), "region": .string(region)]
        try enqueue(kind: TrackTask.kind.name, arguments: JSONText(arguments.serialized()), uniqueKey: key)
        try execute(
            """
            UPDATE tasks SET run_at = least(run_at, now() + interval '250 ms')
            WHERE unique_key = \(key) AND state IN ('available', 'running', 'retryable')
            """)
    }

    /// Sent and, as far as we know, not ended, by credential.
    mutating func trackedJobs(account: String, region: String) throws -> [TrackedJob] {
        try rows(
            """
            SELECT j.id, j.provider_job_id, j.credential, j.owner, j.status, j.status_reason, j.exit_code, j.started_at,
                j.stopped_at, j.unseen_since IS NOT NULL AS is_unseen, j.phase_reason,
                extract(epoch FROM now() - j.phase_since)::bigint AS age,
                extract(epoch FROM now() - j.unseen_since)::bigint AS unseen_seconds, a.n AS attempts,
                a.log_stream, a.stopped_at AS attempt_stopped_at
            FROM jobs j LEFT JOIN LATERAL (
                SELECT n, log_stream, stopped_at FROM attempts WHERE job = j.id AND child = -1 ORDER BY n DESC LIMIT 1) a ON true
            WHERE j.account = \(account) AND j.region = \(region) AND j.settled_at IS NULL AND j.phase = 'sent'
                AND j.status NOT IN ('Succeeded', 'Failed')
            ORDER BY j.credential, j.id
            """
        ) { try TrackedJob($0) }
    }
}

/// A sent job as its row stands, to compare with AWS's word.
struct TrackedJob {
    let id: UUID
    let providerID: String
    let credential: UUID
    let owner: UUID
    let status: String
    let statusReason: String?
    let exitCode: Int?
    let startedAt: Int64?
    let stoppedAt: Int64?
    let isUnseen: Bool
    let phaseReason: String?
    /// Seconds since it was sent.
    let age: Int
    let unseenSeconds: Int
    let attempts: Int
    let logStream: String?
    let attemptStoppedAt: Int64?

    init(_ row: borrowing Row) throws {
        id = try row.uuid("id")
        providerID = try row.text("provider_job_id")
        credential = try row.uuid("credential")
        owner = try row.uuid("owner")
        status = try row.text("status")
        statusReason = try row.textOptional("status_reason")
        exitCode = try row.intOptional("exit_code")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        isUnseen = try row.bool("is_unseen")
        phaseReason = try row.textOptional("phase_reason")
        age = try row.int("age")
        unseenSeconds = try row.intOptional("unseen_seconds") ?? 0
        attempts = try row.intOptional("attempts") ?? 0
        logStream = try row.textOptional("log_stream")
        attemptStoppedAt = try row.millisecondsOptional("attempt_stopped_at")
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// A job as its page and the API show it: its line in the list, and all that hangs on it alone.
@dynamicMemberLookup
struct Job {
    let line: JobLine
    let ownerName: String
    let isLocal: Bool
    let source: [UInt8]?
    let argv: [String]?
    let variables: JSONValue
    let tags: JSONValue
    let settings: JSONValue
    let effective: JSONValue
    let timeConstraint: Int?
    let startBefore: Int64?
    let account: String
    let region: String
    let bucket: String
    let jobQueue: String
    let definition: String
    let credential: UUID
    /// Of an array; 0 of any other job.
    let elements: Int
    let array: ArrayFacts?
    /// As it was asked for: `json` or `inputForm`.
    let resultFormat: String
    let stop: Stop?
    let capture: Capture
    let outcome: JSONValue?
    /// What has been in the way of asking AWS for long enough to be told.
    let trouble: String?
    let troubleSince: Int64?
    /// While it is held.
    let hold: (cause: String, remedy: String, who: String)?
    /// What all jobs of its account and region that are not sent yet wait for, in a sentence.
    let waitsFor: String?
    /// When AWS was asked about it and no longer knew it, after its capture.
    let forgottenAt: Int64?
    /// By the asker: its owner, who manages its environment, an admin.
    let mayBeStopped: Bool
    /// What keeps it from being deleted, where somebody has asked for that.
    let deleteTrouble: String?
    /// What helps against it, where somebody can do something.
    let deleteRemedy: String?
    /// Whether its environment is still there for the asker.
    let seesEnvironment: Bool
    /// Its image runs our runner, which records what the code came to.
    let hasRunner: Bool

    struct Stop {
        let requestedAt: Int64
        let by: String
        let reason: String
        let confirmedAt: Int64?
    }

    struct Capture {
        let state: String
        let detail: String?
        let at: Int64?
        let failures: Int
        let againAt: Int64?

        /// It fails again and again.
        var isFailing: Bool { state == "pending" && failures > 1 }
    }

    subscript<Value>(dynamicMember path: KeyPath<JobLine, Value>) -> Value { line[keyPath: path] }

    var isSettled: Bool { line.standing.isSettled }
    var isTerminal: Bool { line.standing.isTerminal }

    static let query: SQL = """
        SELECT \(fragment: JobLine.columns.before), coalesce(name_of(j.owner), '') AS owner_name,
            \(fragment: JobLine.columns.after), j.is_local, j.code, j.argv, j.variables, j.tags, j.settings, j.effective,
            j.time_constraint, j.start_before, j.account, j.region, j.bucket, j.job_queue, j.job_definition, j.credential,
            j.result_format, j.elements, j.elements_start, j.missing_results, j.function, j.initialization, j.workers, j.method,
            coalesce(name_of(j.stop_requested_by), '') AS stop_by, j.stop_reason, j.capture_detail, j.captured_at,
            j.outcome,
            CASE WHEN s.trouble_since <= now() - site_limit('track.troubleSeconds') * interval '1 s' THEN s.trouble END
                AS trouble, s.trouble_since, j.forgotten_at, may_stop_job(j.owner, j.environment) AS may_stop,
                j.held_cause, j.held_remedy, j.held_who, w.sentence AS waits_for,
                j.delete_trouble, j.delete_remedy, j.capture_failures, j.capture_again_at, j.with_runner,
                EXISTS (SELECT FROM environments e WHERE e.id = j.environment AND e.deleted_at IS NULL) AS sees_environment
        FROM jobs j LEFT JOIN sweeps s ON s.account = j.account AND s.region = j.region
        LEFT JOIN LATERAL (\(fragment: waiting)) w ON true
        """

    /// Nothing where it is only the queue that it waits for.
    private static let waiting: SQL = """
        SELECT 'An admin has sealed the vault, so that no secret is opened and nothing is signed. The reason given: '
            || reason AS sentence
        FROM vault_seal WHERE j.settled_at IS NULL AND j.phase <> 'held'
        UNION ALL
        SELECT 'AWS Batch of account ' || h.account || ' in ' || h.region || ' has not answered since '
            || to_char(h.open_since AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC; it is tried again every '
            || coalesce(site_limit('breaker.probeSeconds'), 30) || ' seconds. ' || coalesce(h.trouble, '') AS sentence
        FROM service_health h
        WHERE h.account = j.account AND h.region = j.region AND h.service = 'batch' AND h.open_since IS NOT NULL
            AND j.phase IN ('queued', 'checking')
        UNION ALL
        SELECT 'AWS takes fewer submissions from account ' || r.account || ' in ' || r.region
            || ' than wait to be sent: ' || round(call_rate(coalesce(site_limit('aws.submitJobPerSecond'), 50),
                r.rate_then, r.throttled_at)) || ' a second just now.'
        FROM call_rates r
        WHERE r.account = j.account AND r.region = j.region AND r.operation = 'SubmitJob' AND j.phase = 'queued'
            AND r.throttled_at > now() - interval '30 seconds'
        LIMIT 1
        """

    init(_ row: borrowing Row) throws {
        let line = try JobLine(row)
        self.line = line
        ownerName = line.ownerName ?? ""
        isLocal = try row.value("is_local")
        source = try row.value("code", as: [UInt8]?.self)
        argv = try row.value("argv", as: [String]?.self)
        variables = try Self.json(row.value("variables"))
        tags = try Self.json(row.value("tags"))
        settings = try Self.json(row.value("settings"))
        effective = try Self.json(row.value("effective"))
        timeConstraint = try row.value("time_constraint")
        startBefore = try row.millisecondsOptional("start_before")
        account = try row.value("account")
        region = try row.value("region")
        bucket = try row.value("bucket")
        jobQueue = try row.value("job_queue")
        definition = try row.value("job_definition")
        credential = try row.value("credential")
        elements = try row.intOptional("elements") ?? 0
        array = try ArrayFacts(row)
        resultFormat = try row.text("result_format")
        let (by, reason): (String, String?) = (try row.value("stop_by"), try row.value("stop_reason"))
        stop = line.stopRequestedAt.map {
            Stop(requestedAt: $0, by: by, reason: reason ?? "", confirmedAt: line.stopConfirmedAt)
        }
        capture = Capture(
            state: line.capture, detail: try row.value("capture_detail"),
            at: try row.millisecondsOptional("captured_at"), failures: try row.value("capture_failures"),
            againAt: try row.millisecondsOptional("capture_again_at"))
        outcome = try row.value("outcome", as: JSONText?.self).map { try Self.json($0) }
        trouble = try row.value("trouble")
        troubleSince = try row.millisecondsOptional("trouble_since")
        let cause: String? = try row.value("held_cause")
        let (remedy, who): (String?, String?) = (try row.value("held_remedy"), try row.value("held_who"))
        hold = line.phase == "held" ? cause.map { ($0, remedy ?? "", who ?? "") } : nil
        waitsFor = try row.value("waits_for")
        forgottenAt = try row.millisecondsOptional("forgotten_at")
        mayBeStopped = try row.value("may_stop")
        deleteTrouble = try row.value("delete_trouble")
        deleteRemedy = try row.value("delete_remedy")
        hasRunner = try row.value("with_runner")
        seesEnvironment = try row.value("sees_environment")
    }

    private static func json(_ text: JSONText) throws -> JSONValue { try JSONValue.parse(text.bytes) }
}

extension Connection {
    mutating func job(_ id: UUID) throws -> Job? {
        try row("\(fragment: Job.query) WHERE j.id = \(id)") { try Job($0) }
    }

    /// By our id or by AWS's (jobs.md "Reopen").
    mutating func job(eitherID text: String) throws -> Job? {
        guard text.utf8.count <= 128, !text.utf8.contains(0) else { return nil }
        let id = UUID(uuidString: text)
        return try rows(
            """
            \(fragment: Job.query) WHERE j.id = \(id) OR j.provider_job_id = \(text)
            ORDER BY j.id = \(id) DESC NULLS LAST, j.submitted_at LIMIT 1
            """
        ) { try Job($0) }.first
    }
}

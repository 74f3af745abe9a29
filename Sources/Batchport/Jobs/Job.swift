import FoundationEssentials
import JSON
import PostgreSQL

/// A job as its page and the API show it.
struct Job {
    let id: UUID
    let change: Int64
    let owner: (id: UUID, name: String)
    let environment: (id: UUID, name: String)
    let isLocal: Bool
    let name: String
    let language: String
    let source: [UInt8]?
    let argv: [String]?
    let variables: JSONValue
    let tags: JSONValue
    let settings: JSONValue
    let effective: JSONValue
    let timeConstraint: Int?
    let account: String
    let region: String
    let phase: String
    let phaseSince: Int64
    let phaseReason: String?
    let providerJobID: String?
    let status: String?
    let statusSource: String?
    let statusSince: Int64?
    let statusReason: String?
    let exitCode: Int?
    let submittedAt: Int64
    let startedAt: Int64?
    let stoppedAt: Int64?
    let stop: Stop?
    let capture: Capture
    let outcome: JSONValue?
    let settledAt: Int64?
    /// When AWS was last asked about this account and region, and what has been in the way since.
    let checkedAt: Int64?
    let trouble: String?

    struct Stop {
        let requestedAt: Int64
        let by: String
        let confirmedAt: Int64?
    }

    struct Capture {
        let state: String
        let detail: String?
        let at: Int64?
    }

    var isSettled: Bool { settledAt != nil }

    /// What people see: AWS's word once it is sent, ours until then.
    var state: JobState {
        if phase == "sent", let status { return .named(status) }
        return .named(phase)
    }

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }
    var hasSucceeded: Bool { phase == "sent" && status == "Succeeded" }
    var hasFailed: Bool { (phase == "sent" && status == "Failed") || phase == "refused" || phase == "neverSent" }
    /// All three are false only for a lost job (jobs.md).
    var isInProgress: Bool { !hasSucceeded && !hasFailed && phase != "lost" }

    static let query: SQL = """
        SELECT j.id, j.change, j.owner, coalesce(p.name, '') AS owner_name, j.environment, e.name AS environment_name,
            e.is_local, j.name, j.language, j.code, j.argv, j.variables::text AS variables, j.tags::text AS tags,
            j.settings::text AS settings, j.effective::text AS effective, j.time_constraint, j.account, j.region,
            j.phase, j.phase_since, j.phase_reason, j.provider_job_id, j.status, j.status_source, j.status_since,
            j.status_reason, j.exit_code, j.submitted_at, j.started_at, j.stopped_at, j.stop_requested_at,
            coalesce(b.name, '') AS stop_by, j.stop_confirmed_at, j.capture, j.capture_detail, j.captured_at,
            j.outcome::text AS outcome, j.settled_at, s.checked_at, s.trouble
        FROM jobs j JOIN environments e ON e.id = j.environment LEFT JOIN people p ON p.id = j.owner
        LEFT JOIN people b ON b.id = j.stop_requested_by
        LEFT JOIN sweeps s ON s.account = j.account AND s.region = j.region
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        change = try row.value("change")
        owner = (try row.value("owner"), try row.value("owner_name"))
        environment = (try row.value("environment"), try row.value("environment_name"))
        isLocal = try row.value("is_local")
        name = try row.value("name")
        language = try row.value("language")
        source = try row.value("code", as: [UInt8]?.self)
        argv = try row.value("argv", as: [String]?.self)
        variables = try Self.json(row.value("variables")) ?? .object([])
        tags = try Self.json(row.value("tags")) ?? .object([])
        settings = try Self.json(row.value("settings")) ?? .object([])
        effective = try Self.json(row.value("effective")) ?? .object([])
        timeConstraint = try row.value("time_constraint")
        account = try row.value("account")
        region = try row.value("region")
        phase = try row.value("phase")
        phaseSince = try row.milliseconds("phase_since")
        phaseReason = try row.value("phase_reason")
        providerJobID = try row.value("provider_job_id")
        status = try row.value("status")
        statusSource = try row.value("status_source")
        statusSince = try row.millisecondsOptional("status_since")
        statusReason = try row.value("status_reason")
        exitCode = try row.value("exit_code")
        submittedAt = try row.milliseconds("submitted_at")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        let (by, confirmed): (String, Int64?) =
            (try row.value("stop_by"), try row.millisecondsOptional("stop_confirmed_at"))
        stop = try row.millisecondsOptional("stop_requested_at").map {
            Stop(requestedAt: $0, by: by, confirmedAt: confirmed)
        }
        capture = Capture(
            state: try row.value("capture"), detail: try row.value("capture_detail"),
            at: try row.millisecondsOptional("captured_at"))
        outcome = try Self.json(row.value("outcome"))
        settledAt = try row.millisecondsOptional("settled_at")
        checkedAt = try row.millisecondsOptional("checked_at")
        trouble = try row.value("trouble")
    }

    private static func json(_ text: String?) -> JSONValue? {
        text.flatMap { try? JSONValue.parse(Array($0.utf8)) }
    }
}

extension Connection {
    mutating func job(_ id: UUID) throws -> Job? {
        try row("\(fragment: Job.query) WHERE j.id = \(id)") { try Job($0) }
    }

    /// By our id or by AWS's (jobs.md "Reopen").
    mutating func job(eitherID text: String) throws -> Job? {
        if let id = UUID(uuidString: text), let job = try job(id) { return job }
        guard text.utf8.count <= 128 else { return nil }
        return try row("\(fragment: Job.query) WHERE j.provider_job_id = \(text) ORDER BY j.submitted_at LIMIT 1") {
            try Job($0)
        }
    }
}

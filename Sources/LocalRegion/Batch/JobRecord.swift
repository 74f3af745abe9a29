internal import FoundationEssentials
internal import JSON
internal import PostgreSQL
internal import Processes

/// A job as DescribeJobs shows it.
struct JobRecord {
    /// The row's own id, which attempts refer to.
    let row: UUID
    private let id: JobID
    private let array: ArrayPlace
    private let name: String
    private let queue: String
    private let definition: String
    private let revision: Int
    private let terms: JobTerms
    private let dependsOn: JSONValue
    private let shareIdentifier: String?
    private let state: JobState

    static let columns: SQL = """
        jobs.id, jobs.parent, jobs.array_index, jobs.array_size, asked.name, asked.queue, asked.definition, asked.revision,
        image, asked.command, asked.environment, asked.parameters, jobs.vcpus, jobs.memory_mib, jobs.gpus,
        jobs.timeout_seconds, jobs.max_attempts, asked.retry_rules, asked.tags, asked.propagate_tags, asked.depends_on,
        asked.share_identifier, asked.scheduling_priority, \(fragment: JobState.columns)
        """

    init(_ row: borrowing Row) throws {
        self.row = try row.uuid("id")
        id = try JobID(row)
        array = try ArrayPlace(row)
        name = try row.text("name")
        queue = try row.text("queue")
        definition = try row.text("definition")
        revision = try row.int("revision")
        terms = try JobTerms(row)
        dependsOn = try row.document("depends_on")
        shareIdentifier = try row.textOptional("share_identifier")
        state = try JobState(row)
    }

    /// `attempts` in their order; the last may be running. `children` of an array's parent, by status.
    func answer(_ names: BatchName, attempts: [AttemptRecord], children: [String: Int]?) -> JSONValue {
        let id = id.text
        return .members(
            [
                ("jobArn", .string(names.job(id))), ("jobName", .string(name)), ("jobId", .string(id)),
                ("jobQueue", .string(names.queue(queue))),
                ("jobDefinition", .string(names.definition(definition, revision))),
                ("attempts", .array(attempts.filter(\.hasEnded).map { $0.answer(names) })),
                ("dependsOn", dependsOn), ("shareIdentifier", shareIdentifier.map { .string($0) }),
                ("arrayProperties", array.answer(children, at: Clock.milliseconds())),
                ("container", container(names, attempts.last)),
                ("platformCapabilities", ["EC2"]), ("eksAttempts", []), ("isCancelled", .bool(state.isCancelled)),
                ("isTerminated", .bool(state.isTerminated)),
            ] + terms.members + state.members)
    }

    private func container(_ names: BatchName, _ attempt: AttemptRecord?) -> JSONValue {
        .members(
            terms.containerMembers + [
                ("volumes", []), ("mountPoints", []), ("ulimits", []), ("networkInterfaces", []), ("secrets", []),
            ] + (attempt?.container(names) ?? []))
    }
}

/// What changes in a job's life; also in lists.
struct JobState {
    let status: String
    let reason: String?
    let createdAt: Int64
    let startedAt: Int64?
    let stoppedAt: Int64?
    let isCancelled: Bool
    let isTerminated: Bool

    static let columns: SQL = """
        jobs.status, jobs.status_reason, jobs.created_at, jobs.started_at, jobs.stopped_at, jobs.is_cancelled,
        jobs.is_terminated
        """

    init(_ row: borrowing Row) throws {
        status = try row.text("status")
        reason = try row.textOptional("status_reason")
        createdAt = try row.milliseconds("created_at")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        isCancelled = try row.bool("is_cancelled")
        isTerminated = try row.bool("is_terminated")
    }

    var members: [(String, JSONValue?)] {
        [
            ("status", .string(status)), ("statusReason", reason.map { .string($0) }),
            ("createdAt", JSONValue(createdAt)), ("startedAt", startedAt.map { JSONValue($0) }),
            ("stoppedAt", stoppedAt.map { JSONValue($0) }),
        ]
    }
}

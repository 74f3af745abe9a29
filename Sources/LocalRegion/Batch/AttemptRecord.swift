internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// One attempt at a job as DescribeJobs shows it.
struct AttemptRecord {
    let job: UUID
    private let task: String
    private let instance: String
    private let logStream: String?
    private let startedAt: Int64?
    private let stoppedAt: Int64?
    private let exitCode: Int?
    private let reason: String?
    private let statusReason: String?

    static let columns: SQL = """
        job, task, instance, log_stream, started_at, stopped_at, exit_code, reason, status_reason
        """

    init(_ row: borrowing Row) throws {
        job = try row.uuid("job")
        task = try row.text("task")
        instance = try row.text("instance")
        logStream = try row.textOptional("log_stream")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        exitCode = try row.intOptional("exit_code")
        reason = try row.textOptional("reason")
        statusReason = try row.textOptional("status_reason")
    }

    var hasEnded: Bool { stoppedAt != nil }

    /// An exit code that is absent is not 0: the host died, or nothing ran.
    func container(_ names: BatchName) -> [(String, JSONValue?)] {
        [
            ("containerInstanceArn", .string(names.instance(instance))), ("taskArn", .string(names.task(task))),
            ("exitCode", exitCode.map { JSONValue($0) }), ("reason", reason.map { .string($0) }),
            ("logStreamName", logStream.map { .string($0) }),
        ]
    }

    func answer(_ names: BatchName) -> JSONValue {
        .members([
            ("container", .members(container(names) + [("networkInterfaces", [])])),
            ("startedAt", startedAt.map { JSONValue($0) }), ("stoppedAt", stoppedAt.map { JSONValue($0) }),
            ("statusReason", statusReason.map { .string($0) }),
        ])
    }
}

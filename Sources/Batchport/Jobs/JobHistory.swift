import FoundationEssentials
import PostgreSQL

struct StatusChange {
    let status: String
    let at: Int64
    let source: String
    let reason: String?
}

/// One try of a job by AWS Batch.
struct Attempt {
    let n: Int
    let startedAt: Int64?
    let stoppedAt: Int64?
    let exitCode: Int?
    let reason: String?
    let statusReason: String?
    let logStream: String?
}

/// What happened to a job and what it was given, beside its own row.
struct JobDetails {
    let history: [StatusChange]
    let attempts: [Attempt]
    let inputs: [(name: String, size: Int64)]
    let notes: [JobNote]
}

extension Connection {
    /// Of a job, or of one of an array's children. In one round trip.
    mutating func details(of job: UUID, child: Int = ArrayChild.none) throws -> JobDetails {
        let answers = try pipeline([
            """
            SELECT status, at, source, reason FROM status_changes WHERE job = \(job) AND child = \(child)
            ORDER BY at, n LIMIT 1000
            """,
            """
            SELECT n, started_at, stopped_at, exit_code, reason, status_reason, log_stream FROM attempts
            WHERE job = \(job) AND child = \(child) ORDER BY n LIMIT 100
            """,
            "SELECT name, size FROM job_inputs WHERE job = \(job) ORDER BY n LIMIT 1000",
            JobNote.query(job),
        ])
        return JobDetails(
            history: try answers[0].rows { try StatusChange($0) }, attempts: try answers[1].rows { try Attempt($0) },
            inputs: try answers[2].rows { (try $0.value("name"), try $0.value("size")) },
            notes: try answers[3].rows { try JobNote($0) })
    }
}

extension Attempt {
    /// How long it took, in words; `isOn` while its job is.
    func ran(isOn: Bool, now: Int64) -> String {
        guard let startedAt else { return "not started" }
        return (stoppedAt ?? (isOn ? now : nil)).map { Words.duration(milliseconds: $0 - startedAt) } ?? "not known"
    }
}

extension StatusChange {
    fileprivate init(_ row: borrowing Row) throws {
        status = try row.value("status")
        at = try row.milliseconds("at")
        source = try row.value("source")
        reason = try row.value("reason")
    }
}

extension Attempt {
    fileprivate init(_ row: borrowing Row) throws {
        n = try row.value("n")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        exitCode = try row.value("exit_code")
        reason = try row.value("reason")
        statusReason = try row.value("status_reason")
        logStream = try row.value("log_stream")
    }
}

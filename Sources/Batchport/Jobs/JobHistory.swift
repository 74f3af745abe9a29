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

extension Connection {
    mutating func history(of job: UUID) throws -> [StatusChange] {
        try rows("SELECT status, at, source, reason FROM status_changes WHERE job = \(job) ORDER BY at, n LIMIT 1000") {
            StatusChange(
                status: try $0.value("status"), at: try $0.milliseconds("at"), source: try $0.value("source"),
                reason: try $0.value("reason"))
        }
    }

    mutating func attempts(of job: UUID) throws -> [Attempt] {
        try rows(
            """
            SELECT n, started_at, stopped_at, exit_code, reason, status_reason, log_stream FROM attempts
            WHERE job = \(job) ORDER BY n LIMIT 100
            """
        ) {
            Attempt(
                n: try $0.value("n"), startedAt: try $0.millisecondsOptional("started_at"),
                stoppedAt: try $0.millisecondsOptional("stopped_at"), exitCode: try $0.value("exit_code"),
                reason: try $0.value("reason"), statusReason: try $0.value("status_reason"),
                logStream: try $0.value("log_stream"))
        }
    }

    mutating func inputNames(of job: UUID) throws -> [(name: String, size: Int64)] {
        try rows("SELECT name, size FROM job_inputs WHERE job = \(job) ORDER BY n LIMIT 1000") {
            (try $0.value("name"), try $0.value("size"))
        }
    }
}

import AWS
import FoundationEssentials
import PostgreSQL

/// AWS's word on a job, and what it changes in our rows.
struct Sighting {
    struct Try: Equatable {
        let n: Int
        let startedAt: Int64?
        let stoppedAt: Int64?
        let exitCode: Int?
        let reason: String?
        let statusReason: String?
        let logStream: String?
    }

    let status: String
    let statusReason: String?
    let exitCode: Int?
    let startedAt: Int64?
    let stoppedAt: Int64?
    let attempts: [Try]

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }

    /// Nil for a status that we do not know: no change is written then.
    init?(_ detail: JobDetail) {
        guard let status = Self.words[detail.status] else { return nil }
        self.status = status
        statusReason = detail.statusReason.flatMap { $0.isEmpty ? nil : $0 }
        startedAt = detail.startedAt.flatMap { $0 > 0 ? $0 : nil }
        let isTerminal = status == "Succeeded" || status == "Failed"
        stoppedAt = isTerminal ? detail.stoppedAt.flatMap { $0 > 0 ? $0 : nil } : nil
        exitCode = isTerminal ? detail.container?.exitCode : nil
        attempts = Self.attempts(detail, isRunning: status == "Running")
    }

    private static let words = [
        "SUBMITTED": "Submitted", "PENDING": "Pending", "RUNNABLE": "Runnable", "STARTING": "Starting",
        "RUNNING": "Running", "SUCCEEDED": "Succeeded", "FAILED": "Failed",
    ]

    /// AWS lists an attempt once it has ended; the running one is known by its container only.
    private static func attempts(_ detail: JobDetail, isRunning: Bool) -> [Try] {
        var attempts = detail.attempts.enumerated().map { index, attempt in
            Try(
                n: index + 1, startedAt: attempt.startedAt, stoppedAt: attempt.stoppedAt,
                exitCode: attempt.container?.exitCode, reason: attempt.container?.reason,
                statusReason: attempt.statusReason, logStream: attempt.container?.logStreamName)
        }
        if isRunning, let stream = detail.container?.logStreamName,
            !attempts.contains(where: { $0.logStream == stream })
        {
            attempts.append(
                Try(
                    n: attempts.count + 1, startedAt: detail.startedAt, stoppedAt: nil, exitCode: nil, reason: nil,
                    statusReason: nil, logStream: stream))
        }
        return attempts
    }

    /// Nothing when our rows say the same already.
    func changes(to job: TrackedJob) -> [SQL] {
        var changes: [SQL] = []
        if attempts.count != job.attempts || attempts.last?.logStream != job.logStream
            || attempts.last?.stoppedAt != job.attemptStoppedAt
        {
            changes += attempts.map { upsert($0, of: job.id) }
        }
        if status != job.status { changes += history(of: job) }
        if status != job.status || statusReason != job.statusReason || exitCode != job.exitCode
            || startedAt != job.startedAt || stoppedAt != job.stoppedAt || job.isUnseen || job.phaseReason != nil
        {
            changes.append(update(of: job))
        }
        return changes
    }

    /// Terminal never regresses: the row must not be terminal yet.
    private func update(of job: TrackedJob) -> SQL {
        """
        UPDATE jobs SET status_since = CASE WHEN status = \(status) THEN status_since ELSE \(fragment: since) END,
            status = \(status), status_source = 'poll', status_reason = \(statusReason), exit_code = \(exitCode),
            container_reason = \(attempts.last?.reason),
            started_at = \(startedAt.map(Timestamp.init(milliseconds:))),
            stopped_at = \(stoppedAt.map(Timestamp.init(milliseconds:))), unseen_since = NULL, phase_reason = NULL,
            stop_confirmed_at = CASE WHEN \(isTerminal) AND stop_requested_at IS NOT NULL THEN now() END
        WHERE id = \(job.id) AND phase = 'sent' AND status NOT IN ('Succeeded', 'Failed')
        """
    }

    /// AWS's own time where it gives one, else when we saw it.
    private var since: SQL {
        let given = isTerminal ? stoppedAt : status == "Running" ? startedAt : nil
        return given.map { "\(Timestamp(milliseconds: $0))" } ?? "now()"
    }

    /// A job that was quicker than the sweeps has run all the same: AWS says since when.
    private func history(of job: TrackedJob) -> [SQL] {
        var history: [SQL] = []
        if isTerminal, job.status != "Running", let startedAt {
            history.append(change("Running", at: "\(Timestamp(milliseconds: startedAt))", nil, job.id))
        }
        history.append(change(status, at: since, statusReason, job.id))
        return history
    }

    /// Never before the change before it, whatever the two clocks say.
    private func change(_ status: String, at time: SQL, _ reason: String?, _ job: UUID) -> SQL {
        """
        INSERT INTO status_changes (job, status, at, source, reason)
        SELECT \(job), \(status), greatest(\(fragment: time), max(at)), 'poll', \(reason)
        FROM status_changes WHERE job = \(job) AND child = -1
        """
    }

    private func upsert(_ attempt: Try, of job: UUID) -> SQL {
        """
        INSERT INTO attempts (job, n, started_at, stopped_at, exit_code, reason, status_reason, log_stream)
        VALUES (\(job), \(attempt.n), \(attempt.startedAt.map(Timestamp.init(milliseconds:))),
            \(attempt.stoppedAt.map(Timestamp.init(milliseconds:))), \(attempt.exitCode), \(attempt.reason),
            \(attempt.statusReason), \(attempt.logStream))
        ON CONFLICT (job, child, n) DO UPDATE SET started_at = excluded.started_at, stopped_at = excluded.stopped_at,
            exit_code = excluded.exit_code, reason = excluded.reason, status_reason = excluded.status_reason,
            log_stream = coalesce(excluded.log_stream, attempts.log_stream)
        """
    }
}

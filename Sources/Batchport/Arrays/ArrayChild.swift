import FoundationEssentials
import JSON
import PostgreSQL

/// One child job of an array: it has one contiguous span of the list.
struct ArrayChild {
    /// Stands where a row hangs on the job itself and not on a child.
    static let none = -1

    let k: Int
    let firstElement: Int
    let elements: Int
    let status: String?
    let statusSince: Int64?
    let statusReason: String?
    let exitCode: Int?
    let startedAt: Int64?
    let stoppedAt: Int64?
    let isLost: Bool
    let attempts: Int
    /// The container's, of the last attempt.
    let reason: String?
    let stopRequestedAt: Int64?
    let stopConfirmedAt: Int64?
    let capture: String
    /// The runner's own sentence on why its code gave nothing, where it left one.
    let said: String?
    let stopRequestedBy: String?
    let stopReason: String?
    let captureDetail: String?
    let capturedAt: Int64?

    static let columns: SQL = """
        c.k, c.first_element, c.elements, c.status, c.status_since, c.status_reason, c.exit_code, c.started_at,
        c.stopped_at, c.lost, c.attempts, c.reason, c.stop_requested_at, c.stop_confirmed_at, c.capture,
        \(fragment: said) AS said,
        CASE WHEN c.stop_requested_by IS NOT NULL THEN coalesce(name_of(c.stop_requested_by), '') END AS stop_by,
        c.stop_reason, c.capture_detail, c.captured_at
        """

    /// Of `children c`. It was written inside a user's container: not all of a long text is taken.
    static let said: SQL = """
        CASE WHEN c.outcome->'result'->'missing'->>'cause' = 'failed'
            THEN nullif(left(c.outcome->'result'->'missing'->>'detail', 1000), '') END
        """

    init(_ row: borrowing Row) throws {
        k = try row.int(0)
        firstElement = try row.int(1)
        elements = try row.int(2)
        status = try row.textOptional(3)
        statusSince = try row.millisecondsOptional(4)
        statusReason = try row.textOptional(5)
        exitCode = try row.intOptional(6)
        startedAt = try row.millisecondsOptional(7)
        stoppedAt = try row.millisecondsOptional(8)
        isLost = try row.bool(9)
        attempts = try row.int(10)
        reason = try row.textOptional(11)
        stopRequestedAt = try row.millisecondsOptional(12)
        stopConfirmedAt = try row.millisecondsOptional(13)
        capture = try row.text(14)
        said = try row.textOptional(15)
        stopRequestedBy = try row.textOptional(16)
        stopReason = try row.textOptional(17)
        captureDetail = try row.textOptional(18)
        capturedAt = try row.millisecondsOptional(19)
    }

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }

    /// Its elements in words, counted from 0 as the API does.
    var span: String {
        elements == 1 ? "\(firstElement)" : "\(firstElement)–\(firstElement + elements - 1)"
    }

    /// By AWS's word; before there is one, and once there will be none, as the array itself.
    func standing(in job: JobLine) -> JobStanding {
        let isLost = isLost || job.phase == "lost" && !isTerminal
        let phase = isLost ? "lost" : status == nil ? job.phase : "sent"
        return JobStanding(phase: phase, status: status, settledAt: job.settledAt)
    }

    func state(in job: JobLine) -> JobState { standing(in: job).state }

    /// Milliseconds up to its end, or up to now while it runs; nil where it has not started or its end was not seen.
    func ran(in job: JobLine, now: Int64) -> Int64? {
        guard let startedAt else { return nil }
        if let stoppedAt { return stoppedAt - startedAt }
        return standing(in: job).isInProgress ? now - startedAt : nil
    }
}

import FoundationEssentials
import PostgreSQL

/// Jobs that AWS leaves out of its answers, or of which it says what we do not understand: never taken for an end, and
/// never asked about without end.
extension Connection {
    /// Answers those that are lost by now.
    mutating func miss(_ jobs: [UUID], _ pace: TrackingPace) throws -> [UUID] {
        try execute(
            """
            UPDATE jobs j SET unseen_since = now(),
                phase_reason = 'AWS leaves this job out of its answers; it is looked for again.'
            WHERE id = ANY(\(jobs)) AND \(fragment: TrackedJob.isOnItsWay) AND unseen_since IS NULL
                AND phase_since < now() - \(pace.graceSeconds) * interval '1 s'
            """)
        let lost = try rows(
            """
            UPDATE jobs j SET phase = 'lost', phase_since = now(), phase_reason = format(
                'AWS no longer knows this job, and its end was not seen. The last that AWS said of it was %s, at %s UTC.',
                status, to_char(status_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
            WHERE id = ANY(\(jobs)) AND \(fragment: TrackedJob.isOnItsWay)
                AND unseen_since <= now() - \(pace.lostSeconds) * interval '1 s'
            RETURNING id
            """
        ) { try $0.uuid(0) }
        try loseChildren(of: lost)
        return lost
    }

    /// Those of whose end AWS has not told.
    private mutating func loseChildren(of jobs: [UUID]) throws {
        if jobs.isEmpty { return }
        let arrays = try rows(
            """
            WITH gone AS (
                UPDATE children SET lost = true WHERE job = ANY(\(jobs)) AND NOT lost
                    AND coalesce(status NOT IN ('Succeeded', 'Failed'), true) RETURNING job)
            SELECT DISTINCT job FROM gone
            """
        ) { try $0.uuid(0) }
        for array in arrays { _ = try countChildren(of: array) }
    }

    /// A status that is not in AWS's documents: the job is asked about on and on, and after a while that is shown.
    mutating func wonder(about job: UUID, _ status: String, after seconds: Int) throws {
        let word = String(
            status.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7F }.prefix(64).map(Character.init))
        let reason = "AWS says that this job is \(word), which Batchport does not know. It goes on asking."
        try execute(
            """
            UPDATE jobs j SET strange_since = coalesce(strange_since, now()),
                phase_reason = CASE WHEN strange_since <= now() - \(seconds) * interval '1 s' THEN \(reason)
                    ELSE phase_reason END
            WHERE id = \(job) AND \(fragment: TrackedJob.isOnItsWay) AND (strange_since IS NULL
                OR (strange_since <= now() - \(seconds) * interval '1 s' AND phase_reason IS DISTINCT FROM \(reason)))
            """)
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// A job whose row took AWS's word.
struct AppliedSighting {
    let job: UUID
    let status: String
    let stoppedAt: Int64?
    /// It runs, and writes to a log that nobody has followed yet.
    let hasNewLog: Bool

    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }
}

extension Connection {
    /// Writes AWS's words on many jobs in one statement: row, history and attempts. Answers those that were taken.
    ///
    /// A word is weighed against the row as it stands now, whoever wrote it meanwhile. An end is the end. A word that
    /// knows of fewer ended attempts is an old one; so is one that goes back within an attempt, unless the step that it
    /// takes back was made long ago. RUNNING followed by RUNNABLE with one attempt more is a retry.
    mutating func apply(_ sightings: [(job: UUID, word: Sighting)], _ pace: TrackingPace) throws -> [AppliedSighting] {
        let words = JSONText(JSONValue.array(sightings.map { $0.word.json(of: $0.job) }).serialized())
        return try rows(
            """
            WITH words AS MATERIALIZED (
                SELECT w.*, \(fragment: Self.rank("w.status")) AS rank, to_timestamp(w.started / 1000.0) AS started_at,
                    to_timestamp(w.stopped / 1000.0) AS stopped_at
                FROM jsonb_to_recordset(\(words)) AS w (job uuid, status text, status_reason text, exit_code int,
                    started bigint, stopped bigint, ended int, sighting bigint, attempts jsonb)),
            taken AS MATERIALIZED (
                SELECT w.*, j.status AS old, j.status_since AS old_since,
                    -- AWS's own time where it gives one, else when we saw it.
                    CASE WHEN w.status = j.status THEN j.status_since WHEN w.rank >= 6 THEN coalesce(w.stopped_at, now())
                        WHEN w.status = 'Running' THEN coalesce(w.started_at, now()) ELSE now() END AS since
                FROM jobs j JOIN words w ON w.job = j.id
                WHERE j.phase = 'sent' AND j.status NOT IN ('Succeeded', 'Failed') AND (w.rank >= 6
                    OR w.ended > j.attempts_ended
                    OR (w.ended = j.attempts_ended AND (w.rank >= \(fragment: Self.rank("j.status"))
                        OR j.status_since < now() - \(pace.reorderSeconds) * interval '1 s')))
                ORDER BY j.id FOR UPDATE OF j),
            attempted AS (
                \(fragment: Self.writeAttempts(job: "t.job", child: "\(ArrayChild.none)"))),
            history AS (
                -- Never before the change before it, whatever the two clocks say. A job that was quicker than the sweeps
                -- has run all the same: AWS says since when.
                INSERT INTO status_changes (job, status, at, source, reason)
                SELECT t.job, h.status, greatest(h.at, (SELECT max(at) FROM status_changes c WHERE c.job = t.job
                    AND c.child = -1)), 'poll', h.reason
                FROM taken t, LATERAL (VALUES
                    (1, 'Running', t.started_at, NULL, t.rank >= 6 AND t.old <> 'Running' AND t.started_at IS NOT NULL),
                    (2, t.status, t.since, t.status_reason, t.status <> t.old)) AS h (n, status, at, reason, is_one)
                WHERE h.is_one ORDER BY t.job, h.n)
            UPDATE jobs j SET status = t.status, status_source = 'poll', status_reason = t.status_reason,
                status_since = t.since, exit_code = t.exit_code, container_reason = t.attempts->-1->>'reason',
                -- Of an array AWS may say neither: its children have told.
                started_at = coalesce(t.started_at, CASE j.job_type WHEN 'Array' THEN j.started_at END),
                stopped_at = coalesce(t.stopped_at, CASE WHEN j.job_type = 'Array' AND t.rank >= 6
                    THEN (SELECT max(c.stopped_at) FROM children c WHERE c.job = j.id) END),
                attempts_ended = t.ended, sighting = t.sighting, unseen_since = NULL,
                phase_reason = NULL, strange_since = NULL,
                expected_seconds = CASE WHEN t.status = 'Running' AND j.expected_seconds IS NULL
                    THEN \(fragment: Self.usualSeconds) ELSE j.expected_seconds END,
                stop_confirmed_at = CASE WHEN t.rank >= 6 AND stop_requested_at IS NOT NULL THEN now() END
            FROM taken t WHERE j.id = t.job
            RETURNING j.id, j.status, j.stopped_at, j.status = 'Running' AND EXISTS (
                SELECT FROM attempted a WHERE a.job = j.id AND a.is_new AND a.log_stream IS NOT NULL) AS has_new_log
            """
        ) {
            AppliedSighting(
                job: try $0.uuid("id"), status: try $0.text("status"),
                stoppedAt: try $0.millisecondsOptional("stopped_at"), hasNewLog: try $0.bool("has_new_log"))
        }
    }

    /// AWS's order of a job's statuses within an attempt.
    static func rank(_ column: SQL) -> SQL {
        """
        array_position('{Submitted,Pending,Runnable,Starting,Running,Succeeded,Failed}'::text[], \(fragment: column))
        """
    }

    /// What the last jobs of the same name, environment and definition as `jobs j` took.
    private static let usualSeconds: SQL = """
        (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)::int FROM (
            SELECT extract(epoch FROM d.stopped_at - d.started_at) AS seconds FROM jobs d
            WHERE d.environment = j.environment AND d.job_definition = j.job_definition AND d.name = j.name
                AND d.status = 'Succeeded' AND d.stopped_at > d.started_at
            ORDER BY d.stopped_at DESC LIMIT 20) AS like_it)
        """
}

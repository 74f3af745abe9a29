import AWS
import FoundationEssentials
import JSON
import PostgreSQL

/// AWS's word on one child, from a list or about it alone.
struct ChildWord {
    let k: Int
    let status: String
    let statusReason: String?
    private let exitCode: Int?
    private let reason: String?
    private let startedAt: Int64?
    private let stoppedAt: Int64?
    /// A list does not say how many attempts there were.
    private let sighting: Sighting?

    var isOver: Bool { status == "Succeeded" || status == "Failed" }

    init?(_ summary: JobSummary) {
        guard let status = Sighting.words[summary.status], let k = summary.index ?? Self.index(summary.jobID) else {
            return nil
        }
        (self.k, self.status) = (k, status)
        let ended = status == "Succeeded" || status == "Failed"
        statusReason = summary.statusReason
        exitCode = ended ? summary.exitCode : nil
        reason = ended ? summary.reason : nil
        startedAt = summary.startedAt
        stoppedAt = ended ? summary.stoppedAt : nil
        sighting = nil
    }

    init?(_ detail: JobDetail) {
        guard let k = Self.index(detail.jobID) else { return nil }
        self.init(k, detail)
    }

    /// Of an array that AWS has as one job.
    init?(only detail: JobDetail) { self.init(0, detail) }

    private init?(_ k: Int, _ detail: JobDetail) {
        guard let word = Sighting(detail) else { return nil }
        (self.k, status, sighting) = (k, word.status, word)
        statusReason = word.statusReason
        exitCode = word.exitCode
        reason = word.attempts.last?.reason
        startedAt = word.startedAt
        stoppedAt = word.stoppedAt
    }

    private static func index(_ id: String) -> Int? { id.split(separator: ":").dropFirst().first.flatMap { Int($0) } }

    fileprivate var json: JSONValue {
        [
            "k": JSONValue(k), "status": .string(status), "status_reason": JSONValue(statusReason),
            "exit_code": JSONValue(exitCode), "reason": JSONValue(reason), "started": JSONValue(startedAt),
            "stopped": JSONValue(stoppedAt), "ended": JSONValue(sighting?.attemptsEnded),
            "log_stream": JSONValue(sighting?.attempts.last?.logStream),
            "attempts": .array(sighting?.attempts.map(\.json) ?? []),
        ]
    }
}

extension Connection {
    mutating func knownChildren(of job: UUID) throws -> [Int: SweptArray.KnownChild] {
        let children = try rows(
            "SELECT k, status, status_reason, unseen_since IS NOT NULL FROM children WHERE job = \(job) AND NOT lost"
        ) { row in
            (
                try row.value(0, as: Int.self),
                SweptArray.KnownChild(
                    status: try row.textOptional(1), statusReason: try row.textOptional(2), isUnseen: try row.bool(3))
            )
        }
        return Dictionary(children) { first, _ in first }
    }

    /// By AWS's words, as recorded with the parent; and how many children have not ended, lost ones apart.
    mutating func childCounts(of job: UUID) throws -> (counts: [String: Int], unfinished: Int) {
        let found = try row(
            """
            SELECT CASE WHEN child_statuses ? 'Lost' THEN (
                    -- As AWS counts them.
                    SELECT coalesce(jsonb_object_agg(status, n), '{}') FROM (
                        SELECT status, count(*) AS n FROM children c WHERE c.job = j.id AND status IS NOT NULL
                        GROUP BY status) AS s)
                ELSE child_statuses END, (SELECT count(*) FROM children c WHERE c.job = j.id AND NOT lost
                AND (status IS NULL OR status NOT IN ('Succeeded', 'Failed'))) FROM jobs j WHERE id = \(job)
            """
        ) { (try $0.json(0), try $0.int(1)) }
        let members = found.flatMap { try? JSONValue.parse($0.0.bytes) }?.members ?? []
        let counts = members.compactMap { member in member.value.integer.map { (member.name, $0) } }
        return (Dictionary(counts) { first, _ in first }, found?.1 ?? 0)
    }

    /// Records the counts anew, where they changed, and answers how many have not ended. An array runs from its first
    /// child's start on: AWS gives none of its own.
    mutating func countChildren(of job: UUID) throws -> Int {
        try execute(
            """
            UPDATE jobs j SET child_statuses = counted.statuses, started_at = coalesce(j.started_at, counted.first_start)
            FROM (
                SELECT coalesce(jsonb_object_agg(word, n) FILTER (WHERE word IS NOT NULL), '{}') AS statuses,
                    min(first_start) AS first_start
                FROM (SELECT CASE WHEN lost THEN 'Lost' ELSE status END AS word, count(*) AS n,
                    min(started_at) AS first_start FROM children WHERE job = \(job) GROUP BY 1) AS c
            ) AS counted WHERE j.id = \(job) AND j.child_statuses <> counted.statuses
            """)
        return try childCounts(of: job).unfinished
    }

    /// As for jobs, in one statement a page; see `apply(_:_:)`. A list's word that goes back is never among them.
    mutating func apply(_ words: [ChildWord], toChildrenOf job: UUID, _ pace: TrackingPace) throws {
        let document = JSONText(JSONValue.array(words.map(\.json)).serialized())
        try execute(
            """
            WITH words AS MATERIALIZED (
                SELECT w.*, \(fragment: Self.rank("w.status")) AS rank, to_timestamp(w.started / 1000.0) AS started_at,
                    to_timestamp(w.stopped / 1000.0) AS stopped_at
                FROM jsonb_to_recordset(\(document)) AS w (k int, status text, status_reason text, exit_code int,
                    reason text, started bigint, stopped bigint, ended int, log_stream text, attempts jsonb)),
            taken AS MATERIALIZED (
                SELECT w.*, c.status AS old,
                    CASE WHEN w.status = c.status THEN c.status_since WHEN w.rank >= 6 THEN coalesce(w.stopped_at, now())
                        WHEN w.status = 'Running' THEN coalesce(w.started_at, now()) ELSE now() END AS since
                FROM children c JOIN words w ON w.k = c.k
                WHERE c.job = \(job) AND coalesce(c.status NOT IN ('Succeeded', 'Failed'), true) AND (w.rank >= 6
                    OR w.ended > c.attempts
                    OR (coalesce(w.ended, c.attempts) = c.attempts
                        AND (w.rank >= coalesce(\(fragment: Self.rank("c.status")), 0)
                            OR c.status_since < now() - \(pace.reorderSeconds) * interval '1 s')))
                ORDER BY c.k FOR UPDATE OF c),
            attempted AS (
                \(fragment: Self.writeAttempts(job: "\(job)", child: "t.k"))),
            history AS (
                INSERT INTO status_changes (job, child, status, at, source, reason)
                SELECT \(job), t.k, h.status, greatest(h.at, (SELECT max(at) FROM status_changes s
                    WHERE s.job = \(job) AND s.child = t.k)), 'poll', h.reason
                FROM taken t, LATERAL (VALUES
                    (1, 'Running', t.started_at, NULL,
                        t.rank >= 6 AND t.old IS DISTINCT FROM 'Running' AND t.started_at IS NOT NULL),
                    (2, t.status, t.since, t.status_reason, t.status IS DISTINCT FROM t.old))
                    AS h (n, status, at, reason, is_one)
                WHERE h.is_one ORDER BY t.k, h.n)
            UPDATE children c SET status = t.status, status_since = t.since, status_reason = t.status_reason,
                exit_code = t.exit_code, reason = t.reason, started_at = t.started_at, stopped_at = t.stopped_at,
                attempts = greatest(t.ended, c.attempts), log_stream = coalesce(t.log_stream, c.log_stream),
                unseen_since = NULL,
                stop_confirmed_at = CASE WHEN t.rank >= 6 AND stop_requested_at IS NOT NULL THEN now() END
            FROM taken t WHERE c.job = \(job) AND c.k = t.k
            """)
    }

    /// AWS leaves the children out of its answers: tolerated, then they are lost.
    mutating func miss(_ children: [Int], of job: UUID, _ pace: TrackingPace) throws {
        _ = try pipeline([
            """
            UPDATE children SET unseen_since = now() WHERE job = \(job) AND k = ANY(\(children)) AND unseen_since IS NULL
                AND coalesce(status NOT IN ('Succeeded', 'Failed'), true)
                AND (SELECT phase_since FROM jobs WHERE id = job) < now() - \(pace.graceSeconds) * interval '1 s'
            """,
            """
            UPDATE children SET lost = true WHERE job = \(job) AND k = ANY(\(children)) AND NOT lost
                AND unseen_since <= now() - \(pace.lostSeconds) * interval '1 s'
            """,
        ])
    }
}

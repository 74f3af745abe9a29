import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// A sent job that has not ended, as far as a sweep must know it to ask and to see whether anything changed.
struct TrackedJob {
    let id: UUID
    let providerID: String
    let credential: UUID
    fileprivate(set) var queue: String
    let isArray: Bool
    let status: String
    let statusReason: String?
    /// Of all that AWS said of it last.
    let sighting: Int?
    /// Something is noted with it that AWS's next word takes away: it was unseen, or there was trouble.
    let isNoted: Bool
    /// Old enough in its status for the longest interval.
    let isSlow: Bool

    /// Of `jobs j`.
    static let isOnItsWay: SQL =
        "(j.phase = 'sent' AND j.settled_at IS NULL AND j.status NOT IN ('Succeeded', 'Failed'))"

    fileprivate static let columns: SQL = """
        j.id, j.provider_job_id, \(fragment: Signer.ofJob) AS credential, j.job_queue,
        j.job_type = 'Array' AS is_array, j.status, j.status_reason,
        j.sighting, (j.unseen_since IS NOT NULL OR j.phase_reason IS NOT NULL OR j.strange_since IS NOT NULL) AS is_noted
        """

    init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        providerID = try row.text(1)
        credential = try row.uuid(2)
        queue = try row.text(3)
        isArray = try row.bool(4)
        status = try row.text(5)
        statusReason = try row.textOptional(6)
        sighting = try row.intOptional(7)
        isNoted = try row.bool(8)
        isSlow = try row.bool(9)
    }
}

extension Connection {
    /// One sweep at a time for an account and region; a new job makes the next one come soon, whenever it was to come.
    ///
    /// The update meets the sweep's row in whatever state it is: a sweep that is just deciding when to come again waits
    /// for this transaction, or this waits for it.
    mutating func enqueueTracking(account: String, region: String) throws {
        let key = "\(TrackTask.kind.name)/\(account)/\(region)"
        let arguments: JSONValue = ["account": .string(account), "region": .string(region)]
        try enqueue(
            kind: TrackTask.kind.name, arguments: JSONText(arguments.serialized()), uniqueKey: key,
            gates: [Place(account: account, region: region).gate(of: .batch)])
        try execute(
            """
            UPDATE tasks SET run_at = least(run_at, now() + interval '250 ms')
            WHERE unique_key = \(key) AND state IN ('available', 'running', 'retryable')
            """)
    }

    /// The quick sweep's jobs that have become due since the sweep before, by credential, the oldest first.
    ///
    /// Nothing is stored to know this: a job's questions lie on a grid of its interval, shifted by its id so that they
    /// spread. Intervals are powers of two, so that a longer one's grid is part of the shorter one's.
    mutating func dueJobs(of place: Place, since: Timestamp?, _ pace: TrackingPace) throws -> [TrackedJob] {
        let since = since ?? Timestamp(milliseconds: 0)
        return try rows(
            """
            WITH candidates AS MATERIALIZED (
                SELECT job, bool_or(looked) AS is_looked FROM (
                    SELECT j.id AS job, false AS looked FROM jobs j
                    WHERE \(fragment: place.jobs) AND j.status_since > now() - \(pace.windowSeconds) * interval '1 s'
                    UNION ALL
                    SELECT j.id, false FROM jobs j WHERE \(fragment: place.jobs) AND j.unseen_since IS NOT NULL
                    UNION ALL
                    SELECT job, true FROM looks WHERE at > now() - \(pace.lookSeconds) * interval '1 s') c GROUP BY job)
            SELECT \(fragment: TrackedJob.columns), false AS is_slow
            FROM candidates c JOIN jobs j ON j.id = c.job, LATERAL (SELECT \(fragment: pace.interval) AS own) i,
                LATERAL (SELECT power(2, floor(log(2, greatest(1, CASE WHEN is_looked THEN least(own, \(pace.looked))
                    ELSE own END)::numeric)))::float8 AS grid, abs(hashtext(j.provider_job_id)) AS shift) g
            WHERE \(fragment: place.jobs) AND (is_looked OR own < \(pace.longest) OR j.unseen_since IS NOT NULL)
                AND floor((extract(epoch FROM now()) * 1000 + shift) / grid)
                    > floor((extract(epoch FROM \(since)) * 1000 + shift) / grid)
            ORDER BY j.credential, j.phase_since
            """
        ) { try TrackedJob($0) }
    }

    /// All that are on their way, by credential, the oldest first: after an outage what AWS will forget first comes first.
    mutating func jobsOnTheirWay(of place: Place, _ pace: TrackingPace) throws -> [TrackedJob] {
        // A hundred thousand copies of one name are ten megabytes.
        var queues: Set<String> = []
        return try rows(
            """
            SELECT \(fragment: TrackedJob.columns), \(fragment: pace.interval) >= \(pace.longest) AS is_slow FROM jobs j
            WHERE \(fragment: place.jobs)
            ORDER BY j.credential, j.phase_since
            """
        ) {
            var job = try TrackedJob($0)
            job.queue = queues.insert(job.queue).memberAfterInsert
            return job
        }
    }

    /// Until the quick sweep comes again; nil when no job is on its way.
    mutating func milliseconds(untilSweepOf place: Place, _ pace: TrackingPace) throws -> Int? {
        try row(
            """
            SELECT CASE WHEN EXISTS (
                    SELECT FROM looks l JOIN jobs j ON j.id = l.job
                    WHERE l.at > now() - \(pace.lookSeconds) * interval '1 s' AND \(fragment: place.jobs))
                THEN least(\(pace.looked), youngest) ELSE youngest END
            FROM (SELECT least(\(pace.longest), greatest(\(pace.shortest),
                    extract(epoch FROM now() - max(j.status_since)) * 1000 / \(pace.ageShare)))::bigint AS youngest
                FROM jobs j WHERE \(fragment: place.jobs) HAVING max(j.status_since) IS NOT NULL) AS sent
            """
        ) { try $0.int(0) }
    }
}

extension Place {
    /// The condition on `jobs j`: sent from here, and not ended as far as we know.
    var jobs: SQL { "j.account = \(account) AND j.region = \(region) AND \(fragment: TrackedJob.isOnItsWay)" }
}

extension TrackingPace {
    /// Milliseconds between two questions about `jobs j`: the longer it has been in its status, or such jobs usually
    /// run, the longer.
    fileprivate var interval: SQL {
        """
        least(\(longest), greatest(\(shortest), 1000 / \(ageShare)::float8 * greatest(
            extract(epoch FROM now() - j.status_since), CASE j.status WHEN 'Running' THEN j.expected_seconds END)))
        """
    }
}

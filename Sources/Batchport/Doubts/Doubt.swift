import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// A submission that had no definite answer once: AWS may show later that it has it twice.
struct Doubt {
    let job: UUID
    let owner: UUID
    let credential: UUID
    let queue: String
    let name: String
    let phase: String
    let providerID: String?
    /// Nothing more will be done with our row.
    let isOver: Bool
    /// Milliseconds since the epoch: AWS has nothing of it that is older.
    let since: Int64
    /// Ids of AWS's that have been dealt with.
    let settled: [String]

    /// The submission itself is still finding out.
    var isOpen: Bool { ["queued", "held", "sending", "checking"].contains(phase) }
}

extension Connection {
    /// In the transaction that makes it doubtful.
    mutating func remember(doubtAbout job: Submission) throws {
        try execute(
            """
            INSERT INTO doubts AS d (job, account, region, since, until)
            SELECT id, account, region, intent_at,
                now() + coalesce(site_limit('submission.doubtSeconds'), 3600) * interval '1 s'
            FROM jobs WHERE id = \(job.id)
            ON CONFLICT (job) DO UPDATE SET since = least(d.since, excluded.since), until = excluded.until
            """)
        try enqueueDoubts(at: job.place)
    }

    /// One at a time for an account and region. As with tracking, whoever is just deciding whether to come again waits
    /// for this transaction, or this for it.
    mutating func enqueueDoubts(at place: Place) throws {
        let key = "\(DoubtTask.kind.name)/\(place.account)/\(place.region)"
        let arguments: JSONValue = ["account": .string(place.account), "region": .string(place.region)]
        try enqueue(
            kind: DoubtTask.kind.name, arguments: JSONText(arguments.serialized()), uniqueKey: key,
            gates: [place.gate(of: .batch)])
        try execute(
            """
            UPDATE tasks SET run_at = least(run_at, now() + interval '1 s')
            WHERE unique_key = \(key) AND state IN ('available', 'running', 'retryable')
            """)
    }

    /// By credential and queue: each such group is one question or few.
    mutating func doubts(at place: Place) throws -> [Doubt] {
        try rows(
            """
            SELECT d.job, j.owner, j.credential, j.job_queue, j.provider_job_name, j.phase, j.provider_job_id,
                j.phase IN ('refused', 'neverSent') OR j.settled_at IS NOT NULL
                    OR coalesce(j.status IN ('Succeeded', 'Failed'), false) AS is_over,
                d.since, d.settled
            FROM doubts d JOIN jobs j ON j.id = d.job
            WHERE d.account = \(place.account) AND d.region = \(place.region) AND d.until > now()
            ORDER BY j.credential, j.job_queue, d.since
            """
        ) { row in
            Doubt(
                job: try row.uuid("job"), owner: try row.uuid("owner"), credential: try row.uuid("credential"),
                queue: try row.text("job_queue"), name: try row.text("provider_job_name"), phase: try row.text("phase"),
                providerID: try row.textOptional("provider_job_id"), isOver: try row.bool("is_over"),
                since: try row.milliseconds("since"), settled: try row.value("settled", as: [String].self))
        }
    }

    /// What is left once the others' time is over.
    mutating func pruneDoubts(at place: Place) throws -> Int {
        try execute(
            "DELETE FROM doubts WHERE account = \(place.account) AND region = \(place.region) AND until <= now()")
        return try row(
            "SELECT count(*) FROM doubts WHERE account = \(place.account) AND region = \(place.region)"
        ) { try $0.int(0) } ?? 0
    }
}

import PostgreSQL
import Tasks

/// One sweep over the sent jobs of an account and region. It comes again while there are any.
enum TrackTask {
    static let kind = TaskKind("track", run: run)

    struct Place {
        let account: String
        let region: String
    }

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let place = Place(account: try task.text("account"), region: try task.text("region"))
        let jobs = try bench.database.trackedJobs(account: place.account, region: place.region)
        var sweep = Sweep(place: place, task: task)
        for group in byCredential(jobs) {
            try bench.stop.check()
            try sweep.look(at: group, &bench)
        }
        let trouble = sweep.trouble
        let (answered, calls) = (sweep.answered, sweep.calls)
        try bench.write(for: task) { database in
            if answered || trouble != nil { try database.recordSweep(place, answered: answered, trouble: trouble) }
            // In the transaction that holds the task's row: see `enqueueTracking`.
            if let wait = try database.nextSweepMilliseconds(place, calls: calls) {
                try database.repeatTask(task.lease, afterMilliseconds: trouble == nil ? wait : max(wait, 5000))
            } else {
                try database.finish(task.lease)
            }
        }
        return .settled
    }

    private static func byCredential(_ jobs: [TrackedJob]) -> [[TrackedJob]] {
        var groups: [[TrackedJob]] = []
        for job in jobs {
            if groups.last?.first?.credential == job.credential {
                groups[groups.count - 1].append(job)
            } else {
                groups.append([job])
            }
        }
        return groups
    }
}

extension Connection {
    /// How fresh AWS's word is, once a sweep.
    fileprivate mutating func recordSweep(_ place: TrackTask.Place, answered: Bool, trouble: String?) throws {
        try execute(
            """
            INSERT INTO sweeps AS s (account, region, checked_at, trouble, trouble_since)
            VALUES (\(place.account), \(place.region), now(), \(trouble)::text,
                CASE WHEN \(trouble)::text IS NULL THEN NULL ELSE now() END)
            ON CONFLICT (account, region) DO UPDATE SET
                checked_at = CASE WHEN \(answered) THEN now() ELSE s.checked_at END, trouble = excluded.trouble,
                trouble_since = CASE WHEN excluded.trouble IS NULL THEN NULL
                    ELSE coalesce(s.trouble_since, now()) END
            """)
    }

    /// Nil when no job is left. Often while one is young, seldom when all are old, and never more than five calls a
    /// second on average: AWS throttles all users of an account together.
    fileprivate mutating func nextSweepMilliseconds(_ place: TrackTask.Place, calls: Int) throws -> Int? {
        let age =
            try row(
                """
                SELECT extract(epoch FROM now() - max(phase_since))::bigint FROM jobs
                WHERE account = \(place.account) AND region = \(place.region) AND settled_at IS NULL AND phase = 'sent'
                    AND status NOT IN ('Succeeded', 'Failed')
                """
            ) { try $0.intOptional(0) } ?? nil
        guard let age else { return nil }
        let wait = age < 10 ? 500 : age < 60 ? 1000 : min(15_000, 1000 + 25 * age)
        return max(wait, 200 * calls)
    }
}

import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// The quick sweep over an account and region: jobs that are young in their status, that somebody looks at, or that AWS
/// leaves out of its answers. Everything else is the survey's. It comes again while any job is on its way.
enum TrackTask {
    static let kind = TaskKind("track", run: run)

    static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let place = try Place(task)
        let pace = try bench.database.trackingPace()
        let last = try bench.database.lastSweep(of: place)
        var sweep = Sweep(place: place, task: task, pace: pace)
        try sweep.look(at: try bench.database.dueJobs(of: place, since: last.sweptAt, pace), &bench)
        try sweep.finish(&bench) { [sweep] database in
            try database.record(sweep, at: last.now, isSurvey: false)
            // In the transaction that holds the task's row: see `enqueueTracking`.
            guard let wait = try database.milliseconds(untilSweepOf: place, pace) else {
                return try database.finish(task.lease)
            }
            if last.surveyIsOverdue(pace) { try database.enqueueSurvey(of: place, afterMilliseconds: pace.longest) }
            try database.repeatTask(task.lease, afterMilliseconds: max(wait, sweep.pauseMilliseconds))
        }
        return .settled
    }
}

/// How the last sweep of a place went.
struct LastSweep {
    let now: Timestamp
    let sweptAt: Timestamp?
    let secondsSinceSurvey: Int?
    /// Listing was found to cost more than it saves.
    let listingPauses: Bool

    func surveyIsOverdue(_ pace: TrackingPace) -> Bool {
        secondsSinceSurvey.map { $0 * 1000 > 2 * pace.longest } ?? true
    }
}

extension Connection {
    mutating func lastSweep(of place: Place) throws -> LastSweep {
        let last = try row(
            """
            SELECT now(), swept_at, extract(epoch FROM now() - surveyed_at)::bigint AS seconds,
                coalesce(list_after > now(), false) AS listing_pauses
            FROM (SELECT) AS one LEFT JOIN sweeps ON account = \(place.account) AND region = \(place.region)
            """
        ) {
            LastSweep(
                now: try $0.value(0), sweptAt: try $0.value("swept_at"),
                secondsSinceSurvey: try $0.intOptional("seconds"), listingPauses: try $0.bool("listing_pauses"))
        }
        guard let last else { throw PostgresError(kind: .statement, message: "no answer to when the last sweep was") }
        return last
    }

    /// How fresh AWS's word is, once a sweep: every job on its way has been asked about, each within its interval.
    /// A quick sweep says so only where there is none that is left to the survey.
    mutating func record(_ sweep: Sweep, at time: Timestamp, isSurvey: Bool) throws {
        if !sweep.hasAsked, !isSurvey { return }
        let (place, trouble) = (sweep.place, sweep.trouble)
        let isFresh = trouble == nil && (sweep.answered || !sweep.hasAsked)
        let (window, pause) = (sweep.pace.windowSeconds, sweep.listingFailed ? sweep.pace.listPauseSeconds : nil)
        try execute(
            """
            INSERT INTO sweeps AS s (account, region, checked_at, swept_at, surveyed_at, list_after, trouble, trouble_since)
            VALUES (\(place.account), \(place.region), \(time), \(time), CASE WHEN \(isSurvey) THEN now() END,
                now() + \(pause) * interval '1 s',
                \(trouble)::text, CASE WHEN \(trouble)::text IS NOT NULL THEN now() END)
            ON CONFLICT (account, region) DO UPDATE SET
                checked_at = CASE WHEN \(isFresh) AND (\(isSurvey) OR NOT EXISTS (
                        SELECT FROM jobs j WHERE account = s.account AND region = s.region AND \(fragment: TrackedJob.isOnItsWay)
                            AND status_since <= now() - \(window) * interval '1 s'))
                    THEN excluded.checked_at ELSE s.checked_at END,
                swept_at = CASE WHEN \(isSurvey) THEN s.swept_at ELSE excluded.swept_at END,
                surveyed_at = coalesce(excluded.surveyed_at, s.surveyed_at),
                list_after = coalesce(excluded.list_after, s.list_after), trouble = excluded.trouble,
                trouble_since = CASE WHEN excluded.trouble IS NOT NULL THEN coalesce(s.trouble_since, now()) END
            """)
    }
}

import PostgreSQL
import Processes
import Tasks

/// An operation of which AWS takes so many a second from an account in a region, whoever calls.
enum PacedCall: String {
    case submitJob = "SubmitJob"
    case describeJobs = "DescribeJobs"
    case listJobs = "ListJobs"
    case terminateJob = "TerminateJob"

    private var limit: (name: String, fallback: Int) {
        switch self {
        case .submitJob: ("aws.submitJobPerSecond", 50)
        case .describeJobs: ("aws.describeJobsPerSecond", 10)
        case .listJobs: ("aws.listJobsPerSecond", 10)
        case .terminateJob: ("aws.terminateJobPerSecond", 10)
        }
    }

    /// Calls a second while AWS does not object.
    fileprivate var ceiling: SQL {
        """
        greatest(1, coalesce((SELECT value FROM limits WHERE name = \(limit.name)), \(limit.fallback)))::float8
        """
    }
}

extension Connection {
    /// Takes the place of `calls` calls in the row that all workers share, in one statement.
    /// - Parameter most: who would have to wait longer, in milliseconds, takes none.
    /// - Returns: how long to wait for the place; nil when none was taken.
    mutating func takePlace(of call: PacedCall, at place: Place, calls: Int = 1, most: Int) throws -> Int? {
        let rate: SQL = "call_rate(\(fragment: call.ceiling), r.rate_then, r.throttled_at)"
        let length: SQL = "\(calls) * interval '1 s' / \(fragment: rate)"
        // A little may be caught up: claims and answers do not come evenly.
        let earliest: SQL = "greatest(r.next_at, clock_timestamp() - interval '100 ms')"
        return try row(
            """
            INSERT INTO call_rates AS r (account, region, operation, next_at)
            VALUES (\(place.account), \(place.region), \(call.rawValue),
                clock_timestamp() + \(calls) * interval '1 s' / \(fragment: call.ceiling))
            ON CONFLICT (account, region, operation) DO UPDATE SET next_at = \(fragment: earliest) + \(fragment: length)
            WHERE r.next_at <= clock_timestamp() + \(most) * interval '1 ms'
            RETURNING greatest(0, ceil(extract(epoch FROM next_at - \(fragment: length) - clock_timestamp()) * 1000))::bigint
            """
        ) { try $0.int(0) }
    }

    /// AWS said "too many": everybody slows down. What was on its way together counts once.
    mutating func slowDown(_ call: PacedCall, at place: Place) throws {
        let ceiling = call.ceiling
        try execute(
            """
            INSERT INTO call_rates AS r (account, region, operation, next_at, throttled_at, rate_then, throttles)
            VALUES (\(place.account), \(place.region), \(call.rawValue), clock_timestamp(), clock_timestamp(),
                \(fragment: ceiling), 1)
            ON CONFLICT (account, region, operation) DO UPDATE SET throttles = r.throttles + 1,
                rate_then = call_rate(\(fragment: ceiling), r.rate_then, r.throttled_at),
                throttled_at = clock_timestamp()
            WHERE r.throttled_at IS NULL OR r.throttled_at < clock_timestamp() - interval '500 ms'
            """)
    }

    /// Nobody stands at it before a place is free soon.
    fileprivate mutating func closeUntilFree(_ call: PacedCall, at place: Place) throws {
        let wait = try row(
            """
            SELECT greatest(0, extract(epoch FROM next_at - clock_timestamp()) * 1000)::bigint FROM call_rates
            WHERE account = \(place.account) AND region = \(place.region) AND operation = \(call.rawValue)
            """
        ) { try $0.int(0) }
        if let wait, wait > 0 { try close(gate: place.submitGate, milliseconds: wait) }
    }
}

extension Workbench {
    /// A thread waits no longer than this for its place; tasks that would have to wait longer stand behind their gate.
    static let longestWait = 300

    /// Waits for this call's place among all workers' calls. False, with the gate closed, when it is not near.
    mutating func waitForPlace(of call: PacedCall, at place: Place) throws -> Bool {
        guard let wait = try database.takePlace(of: call, at: place, most: Self.longestWait) else {
            try database.closeUntilFree(call, at: place)
            return false
        }
        if wait > 0 { Clock.pause(milliseconds: wait) }
        return true
    }

    /// For calls that are few: waits until they may be made.
    mutating func awaitPlace(of call: PacedCall, at place: Place) throws {
        while true {
            if let wait = try database.takePlace(of: call, at: place, most: 5000) {
                if wait > 0 { Clock.pause(milliseconds: wait) }
                return
            }
            try stop.check()
            Clock.pause(milliseconds: 500)
        }
    }
}

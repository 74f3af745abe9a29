import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// A feed of changed jobs, cheaper than asking about each: a job stands in it once, at its last change.
enum EventAPI {
    static let routes: [Route] = [.get("/api/v1/events", .token(.jobsRead), list)]

    private static let usual = 200
    private static let most = 1000

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        try Parameters.only(["after", "limit"], in: query)
        let after = try Numbers.one("after", in: query, 0...Int.max) ?? 0
        let limit = try Numbers.one("limit", in: query, 1...most) ?? usual
        let events = try scope.database.events(after: after, limit: limit)
        return .json([
            "items": .array(events.map(\.json)), "nextAfter": JSONValue(events.last?.seq ?? after),
            "more": .bool(events.count == limit),
        ])
    }
}

struct JobEvent {
    let seq: Int
    let at: Int64
    let job: UUID
    let phase: String
    let status: String?
    let isSettled: Bool

    var json: JSONValue {
        [
            "seq": JSONValue(seq), "at": Instant(at).json, "job": .string(job.lower), "phase": .string(phase),
            "jobStatus": JSONValue(status), "settled": .bool(isSettled),
        ]
    }
}

extension Connection {
    /// In the order of `seq`, and never past one that is still being written: a reader that goes on from the last one
    /// misses none. Whatever lets jobs be seen is a source of its own with its own index, as in the list. A job that a
    /// grant shows from some moment on is in it from its next change on.
    mutating func events(after: Int, limit: Int) throws -> [JobEvent] {
        let whole = try row("SELECT whole_changes()") { try $0.int(0) } ?? 0
        func source(_ condition: SQL) -> SQL {
            """
            (SELECT j.change, j.changed_at, j.id, j.phase, j.status, j.settled_at FROM jobs j
            WHERE j.change > \(after) AND j.change <= \(whole) AND \(fragment: condition)
            ORDER BY j.change LIMIT \(limit))
            """
        }
        let shown = source("j.environment = e.id AND j.owner <> (SELECT person FROM me)")
        let mates = source(
            """
            j.owner = m.mate AND j.environment = ANY (m.environments)
                AND NOT j.environment = ANY ((SELECT seen FROM me)::uuid[])
            """)
        return try rows(
            """
            WITH me AS MATERIALIZED (
                SELECT person, coalesce(role = 'admin', false) AS is_admin,
                    CASE WHEN role = 'admin' THEN '{}' ELSE seen_environments() END AS seen
                FROM current_identity())
            SELECT * FROM (
                \(fragment: source("j.owner = (SELECT person FROM me) AND NOT (SELECT is_admin FROM me)"))
                UNION ALL \(fragment: source("(SELECT is_admin FROM me)"))
                UNION ALL (SELECT c.* FROM unnest((SELECT seen FROM me)) e (id) CROSS JOIN LATERAL \(fragment: shown) c)
                UNION ALL (SELECT c.* FROM seen_mates() m CROSS JOIN LATERAL \(fragment: mates) c)) AS changed
            ORDER BY change LIMIT \(limit)
            """
        ) {
            JobEvent(
                seq: try $0.int("change"), at: try $0.milliseconds("changed_at"), job: try $0.uuid("id"),
                phase: try $0.text("phase"), status: try $0.textOptional("status"),
                isSettled: try $0.millisecondsOptional("settled_at") != nil)
        }
    }
}

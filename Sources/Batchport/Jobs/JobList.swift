import FoundationEssentials
import PostgreSQL

/// One line of the list of jobs.
struct JobLine {
    let id: UUID
    let change: Int64
    let name: String
    let owner: String
    let environment: String
    let phase: String
    let phaseReason: String?
    let status: String?
    let statusReason: String?
    let exitCode: Int?
    let submittedAt: Int64
    let startedAt: Int64?
    let stoppedAt: Int64?
    let isStopping: Bool
    let isSettled: Bool

    var state: JobState { phase == "sent" ? .named(status ?? phase) : .named(phase) }

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        change = try row.value("change")
        name = try row.value("name")
        owner = try row.value("owner_name")
        environment = try row.value("environment_name")
        phase = try row.value("phase")
        phaseReason = try row.value("phase_reason")
        status = try row.value("status")
        statusReason = try row.value("status_reason")
        exitCode = try row.value("exit_code")
        submittedAt = try row.milliseconds("submitted_at")
        startedAt = try row.millisecondsOptional("started_at")
        stoppedAt = try row.millisecondsOptional("stopped_at")
        isStopping = try row.value("stopping")
        isSettled = try row.value("settled")
    }
}

/// Which jobs, newest first, and from where on.
struct JobFilter {
    var states: [String] = []
    var environment: String?
    var onlyMine = false
    var text: String?
    var settled: Bool?
    var since: Int64?
    var until: Int64?
    var ids: [UUID] = []
    var cursor: Cursor?
    var limit = 50

    /// Where the last page ended: the order's own key, so that new jobs do not shift what follows.
    struct Cursor: Equatable {
        let submittedAt: Int64
        let id: UUID

        var text: String { "\(submittedAt)-\(id.lower)" }

        init(submittedAt: Int64, id: UUID) {
            self.submittedAt = submittedAt
            self.id = id
        }

        init?(_ text: String) {
            guard let dash = text.firstIndex(of: "-"), let at = Int64(text[..<dash]),
                let id = UUID(uuidString: String(text[text.index(after: dash)...]))
            else { return nil }
            self.init(submittedAt: at, id: id)
        }
    }
}

struct JobPageOfList {
    let lines: [JobLine]
    let next: JobFilter.Cursor?
}

extension Connection {
    /// A member reads the index of their own jobs, an admin the one of all: each as many rows as shown, whatever there is.
    mutating func jobs(_ filter: JobFilter, for identity: Identity) throws -> JobPageOfList {
        var conditions: [SQL] = []
        if !identity.isAdmin || filter.onlyMine { conditions.append("j.owner = \(identity.person)") }
        if !filter.states.isEmpty {
            conditions.append(
                "(CASE j.phase WHEN 'sent' THEN coalesce(j.status, 'sent') ELSE j.phase END) = ANY(\(filter.states))")
        }
        if let environment = filter.environment { conditions.append("e.name = \(environment)") }
        if let text = filter.text { conditions.append("strpos(lower(j.name), lower(\(text))) > 0") }
        if let settled = filter.settled {
            conditions.append(settled ? "j.settled_at IS NOT NULL" : "j.settled_at IS NULL")
        }
        if let since = filter.since { conditions.append("j.submitted_at >= to_timestamp(\(since)::bigint / 1000.0)") }
        if let until = filter.until { conditions.append("j.submitted_at < to_timestamp(\(until)::bigint / 1000.0)") }
        if !filter.ids.isEmpty { conditions.append("j.id = ANY(\(filter.ids))") }
        if let cursor = filter.cursor {
            conditions.append(
                "(j.submitted_at, j.id) < (to_timestamp(\(cursor.submittedAt)::bigint / 1000.0), \(cursor.id))")
        }
        let condition: SQL = conditions.isEmpty ? "true" : "\(fragments: conditions, separator: " AND ")"
        let lines = try rows(
            """
            SELECT j.id, j.change, j.name, coalesce(p.name, '') AS owner_name, e.name AS environment_name, j.phase,
                j.phase_reason, j.status, j.status_reason, j.exit_code, j.submitted_at, j.started_at, j.stopped_at,
                (j.stop_requested_at IS NOT NULL AND j.stop_confirmed_at IS NULL) AS stopping,
                j.settled_at IS NOT NULL AS settled
            FROM jobs j JOIN environments e ON e.id = j.environment LEFT JOIN people p ON p.id = j.owner
            WHERE \(fragment: condition) ORDER BY j.submitted_at DESC, j.id DESC LIMIT \(filter.limit + 1)
            """
        ) { try JobLine($0) }
        let shown = Array(lines.prefix(filter.limit))
        let next =
            lines.count > filter.limit
            ? shown.last.map { JobFilter.Cursor(submittedAt: $0.submittedAt, id: $0.id) } : nil
        return JobPageOfList(lines: shown, next: next)
    }
}

import FoundationEssentials
import PostgreSQL

/// Which jobs, newest first, and from where on.
struct JobFilter {
    /// Display states: AWS's word once a job is sent, our phase until then.
    var states: [String] = []
    var statuses: [String] = []
    var phases: [String] = []
    var environment: String?
    var onlyMine = false
    /// Part of the name, in any case.
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

extension JobFilter {
    /// Everybody who may see jobs is a source of their own with its own index, and each gives as many rows as are shown:
    /// one's own jobs by owner, an admin's by age. The source that is not the asker's is never opened.
    ///
    /// Columns as `JobLine` reads them; one row more than `limit` tells that there is a next page.
    var query: SQL {
        let rest = conditions
        let mine = source(
            ["j.owner = (SELECT person FROM me)"] + (onlyMine ? [] : ["NOT (SELECT is_admin FROM me)"]) + rest)
        let all = source(["(SELECT is_admin FROM me)"] + rest)
        let sources: SQL = onlyMine ? mine : "(\(fragment: mine)) UNION ALL (\(fragment: all))"
        return """
            WITH me AS MATERIALIZED (
                SELECT person, coalesce(role = 'admin', false) AS is_admin FROM current_identity())
            SELECT \(fragment: JobLine.columns.before), CASE WHEN (SELECT is_admin FROM me) THEN
                    (SELECT p.name FROM people p WHERE p.id = j.owner) END AS owner_name,
                \(fragment: JobLine.columns.after)
            FROM (\(fragment: sources)) j
            LEFT JOIN sweeps s ON s.account = j.account AND s.region = j.region AND j.settled_at IS NULL
            ORDER BY j.submitted_at DESC, j.id DESC LIMIT \(fragment: rows)
            """
    }

    /// The usual number stands in the statement itself: with a bind in its place the server plans anew each time.
    private var rows: SQL { limit == 50 ? "51" : "\(limit + 1)" }

    private func source(_ conditions: [SQL]) -> SQL {
        """
        SELECT j.* FROM jobs j WHERE \(fragments: conditions, separator: " AND ")
        ORDER BY j.submitted_at DESC, j.id DESC LIMIT \(fragment: rows)
        """
    }

    private var conditions: [SQL] {
        var conditions: [SQL] = []
        if !states.isEmpty {
            conditions.append(
                "(CASE j.phase WHEN 'sent' THEN coalesce(j.status, 'sent') ELSE j.phase END) = ANY(\(states))")
        }
        if !statuses.isEmpty { conditions.append("j.status = ANY(\(statuses))") }
        if !phases.isEmpty { conditions.append("j.phase = ANY(\(phases))") }
        if let environment {
            let id = UUID(uuidString: environment)
            conditions.append(id.map { "j.environment = \($0)" } ?? "j.environment_name = \(environment)")
        }
        if let text { conditions.append("strpos(lower(j.name), lower(\(text))) > 0") }
        if let settled { conditions.append(settled ? "j.settled_at IS NOT NULL" : "j.settled_at IS NULL") }
        if let since { conditions.append("j.submitted_at >= \(Timestamp(milliseconds: since))") }
        if let until { conditions.append("j.submitted_at < \(Timestamp(milliseconds: until))") }
        if !ids.isEmpty { conditions.append("j.id = ANY(\(ids))") }
        if let cursor {
            conditions.append(
                "(j.submitted_at, j.id) < (\(Timestamp(milliseconds: cursor.submittedAt)), \(cursor.id))")
        }
        return conditions
    }
}

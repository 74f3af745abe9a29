import FoundationEssentials
import PostgreSQL

/// Which jobs, newest first, and from where on.
struct JobFilter {
    /// Each must hold.
    var terms: [Term] = []
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

    /// One of the tests must hold, or none of them.
    struct Term {
        let anyOf: [Test]
        var isNegated = false

        fileprivate var condition: SQL {
            let any: SQL = "(\(fragments: anyOf.map(\.condition), separator: " OR "))"
            return isNegated ? "NOT coalesce(\(fragment: any), false)" : any
        }
    }

    enum Test: Equatable {
        /// Display states: AWS's word once a job is sent, our phase until then.
        case states([String])
        case statuses([String])
        case phases([String])
        case type(String)
        case settled(Bool)
        /// By id or name.
        case environment(String)
        case mine
        /// By id, e-mail address or name.
        case owner(String)
        /// With whatever value, or with this one.
        case tag(String, String?)
        /// Part of the name, in any case.
        case text(String)
        case since(Int64)
        case until(Int64)
        case ids([UUID])
        /// The JobUUID or the ProviderJobID.
        case eitherID(String)
    }
}

extension JobFilter {
    private var isOnlyMine: Bool { terms.contains { !$0.isNegated && $0.anyOf == [.mine] } }

    /// Whatever lets jobs be seen is a source of its own with its own index, and each gives as many rows as are shown:
    /// one's own by owner, those of an environment that shows all, those of each team mate, an admin's by age. A source
    /// that is not the asker's is never opened.
    ///
    /// Columns as `JobLine` reads them; one row more than `limit` tells that there is a next page.
    var query: SQL {
        let rest = conditions
        let mine = source(
            ["j.owner = (SELECT person FROM me)"] + (isOnlyMine ? [] : ["NOT (SELECT is_admin FROM me)"]) + rest)
        let all = source(["(SELECT is_admin FROM me)"] + rest)
        let shown = source(["j.environment = e.id", "j.owner <> (SELECT person FROM me)"] + rest)
        let mates = source(
            [
                "j.owner = m.mate", "j.environment = ANY (m.environments)",
                "NOT j.environment = ANY ((SELECT seen FROM me)::uuid[])",
            ] + rest)
        let sources: SQL =
            isOnlyMine
            ? mine
            : """
            (\(fragment: mine)) UNION ALL (\(fragment: all))
            UNION ALL (SELECT j.* FROM unnest((SELECT seen FROM me)) e (id) CROSS JOIN LATERAL (\(fragment: shown)) j)
            UNION ALL (SELECT j.* FROM seen_mates() m CROSS JOIN LATERAL (\(fragment: mates)) j)
            """
        return """
            WITH me AS MATERIALIZED (
                SELECT person, coalesce(role = 'admin', false) AS is_admin,
                    CASE WHEN role = 'admin' THEN '{}' ELSE seen_environments() END AS seen
                FROM current_identity())
            SELECT \(fragment: JobLine.columns.before), CASE WHEN j.owner <> (SELECT person FROM me)
                    THEN name_of(j.owner) END AS owner_name,
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
        let place: [SQL] =
            cursor.map { ["(j.submitted_at, j.id) < (\(Timestamp(milliseconds: $0.submittedAt)), \($0.id))"] } ?? []
        return terms.map(\.condition) + place
    }
}

extension JobFilter.Test {
    fileprivate var condition: SQL {
        switch self {
        case .states(let states):
            "(CASE j.phase WHEN 'sent' THEN coalesce(j.status, 'sent') ELSE j.phase END) = ANY(\(states))"
        case .statuses(let statuses): "j.status = ANY(\(statuses))"
        case .phases(let phases): "j.phase = ANY(\(phases))"
        case .type(let type): "j.job_type = \(type)"
        case .settled(let isSettled): isSettled ? "j.settled_at IS NOT NULL" : "j.settled_at IS NULL"
        case .environment(let text):
            UUID(uuidString: text).map { "j.environment = \($0)" } ?? "j.environment_name = \(text)"
        case .mine: "j.owner = (SELECT person FROM me)"
        case .owner(let text):
            UUID(uuidString: text).map { "j.owner = \($0)" }
                ?? """
                j.owner IN (SELECT p.id FROM people p
                    WHERE lower(p.email) = lower(\(text)) OR lower(p.name) = lower(\(text)))
                """
        case .tag(let name, nil): "jsonb_exists(j.tags, \(name))"
        case .tag(let name, let value?): "j.tags ->> \(name)::text = \(value)"
        case .text(let text): "strpos(lower(j.name), lower(\(text))) > 0"
        case .since(let at): "j.submitted_at >= \(Timestamp(milliseconds: at))"
        case .until(let at): "j.submitted_at < \(Timestamp(milliseconds: at))"
        case .ids(let ids): "j.id = ANY(\(ids))"
        case .eitherID(let text):
            UUID(uuidString: text).map { "(j.id = \($0) OR j.provider_job_id = \(text))" }
                ?? "j.provider_job_id = \(text)"
        }
    }
}

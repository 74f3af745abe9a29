import FoundationEssentials
import HTTP
import PostgreSQL

/// Which entries, newest first, and from where on.
struct AuditFilter {
    /// An e-mail address or an id.
    var actor = ""
    /// The beginning of an action's name.
    var action = ""
    /// The id of what was acted on.
    var subject = ""
    var since = ""
    var until = ""
    var before: Int?
    var limit = 50

    static let names: Set<String> = ["actor", "action", "subject", "since", "until", "cursor"]

    private(set) var problems: [Failure.Problem] = []
    private var times: (since: Int64?, until: Int64?)
    private var subjectID: UUID?

    init(_ query: Query) throws {
        actor = try query.one("actor") ?? ""
        action = try query.one("action") ?? ""
        subject = try query.one("subject") ?? ""
        since = try query.one("since") ?? ""
        until = try query.one("until") ?? ""
        times = (time("since", since, "The beginning"), time("until", until, "The end"))
        if !subject.isEmpty {
            subjectID = UUID(uuidString: subject)
            if subjectID == nil { refuse("subject", "The id of what was acted on must be a UUID.") }
        }
        for (name, text) in [("actor", actor), ("action", action)] where text.utf8.count > 254 {
            refuse(name, "This must have at most 254 bytes.", limit: 254)
        }
        if let cursor = try query.one("cursor") {
            guard let place = Int(cursor), place > 0 else { throw Failure.badCursor }
            before = place
        }
    }

    private mutating func refuse(_ name: String, _ sentence: String, limit: Int? = nil) {
        problems.append(.init("/" + name, "malformed", sentence, limit: limit))
    }

    /// A day, from its midnight, or a moment; UTC.
    private mutating func time(_ name: String, _ text: String, _ what: String) -> Int64? {
        if text.isEmpty { return nil }
        let found = Instant(rfc3339: text.utf8.count == 10 ? text + "T00:00:00Z" : text)
        if found == nil { refuse(name, "\(what) must be a time such as 2026-11-22 or 2026-11-22T10:51:33Z.") }
        return found?.milliseconds
    }

    /// The same entries, for an address: without the cursor.
    var parameters: String {
        let pairs = [
            ("actor", actor), ("action", action), ("subject", subject), ("since", since), ("until", until),
        ]
        return pairs.filter { !$0.1.isEmpty }.map { $0.0 + "=" + percentEncode($0.1) }.joined(separator: "&")
    }

    /// The same entries, as an export of one part of them is asked for.
    func address(_ format: AuditExport.Format) -> String {
        let cursor = before.map { "cursor=\($0)" } ?? ""
        return ["format=\(format.rawValue)", parameters, cursor].filter { !$0.isEmpty }.joined(separator: "&")
    }

    var conditions: SQL {
        var conditions: [SQL] = ["true"]
        if !actor.isEmpty {
            let id = UUID(uuidString: actor)
            conditions.append(
                id.map { "a.actor = \($0)" }
                    ?? "a.actor = (SELECT id FROM people WHERE lower(email) = lower(\(actor)))")
        }
        if !action.isEmpty { conditions.append("starts_with(a.action, \(action))") }
        if let subjectID { conditions.append("a.subject = \(subjectID)") }
        if let since = times.since { conditions.append("a.at >= \(Timestamp(milliseconds: since))") }
        if let until = times.until { conditions.append("a.at < \(Timestamp(milliseconds: until))") }
        if let before { conditions.append("a.id < \(before)") }
        return .joined(conditions, separator: " AND ")
    }

    /// One row more than `limit` tells that there is a next page.
    var query: SQL {
        """
        SELECT a.id, a.seq, a.at, a.actor, p.name AS actor_name, a.by_process, a.action, a.subject_kind, a.subject,
            a.detail, CASE WHEN p.kind = 'person' AND p.deleted_at IS NULL THEN p.email END AS actor_email FROM audit a LEFT JOIN people p ON p.id = a.actor
        WHERE \(fragment: conditions) ORDER BY a.id DESC LIMIT \(limit + 1)
        """
    }
}

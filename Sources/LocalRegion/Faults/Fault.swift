import JSON
import PostgreSQL

/// A fault that was ordered (table `faults`), taken for one request.
struct Fault: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Answered as always, but later; with `After` what is answered is already old when it comes.
        case delay, delayAfter
        /// No answer: waits until the client leaves, at most so long. `After`: it is done and committed first.
        case hang, hangAfter
        /// The connection is dropped instead of an answer. `Before`: and nothing is done.
        case dropBefore, dropAfter
        /// An error is answered, and nothing is done; `After`: it is.
        case error, errorAfter
        /// The service's own way to say that there were too many requests, and that a session has ended.
        case throttle, expiredToken
        /// Throttled while more come than AWS's limit allows.
        case rate
        /// Batch shows its jobs as they were so many milliseconds ago.
        case stale
    }

    let kind: Kind
    let milliseconds: Int
    let fault: LocalFault

    /// Of all requests: whether any fault could take this one, and by how many milliseconds the clock is wrong.
    static func query(_ operation: String) -> SQL {
        """
        SELECT EXISTS (SELECT FROM faults WHERE \(fragment: fits(operation))),
            coalesce((SELECT sum(milliseconds) FROM faults WHERE kind = 'skew' AND remaining IS DISTINCT FROM 0), 0)::bigint
        """
    }

    private static func fits(_ operation: String) -> SQL {
        """
        remaining IS DISTINCT FROM 0 AND lower(operation) IN (lower(\(operation)), '*')
            AND kind = ANY(\(Kind.allCases.map(\.rawValue)))
        """
    }

    /// The first that fits and whose dice say so, one fewer remaining. Call only where `query` said yes.
    /// - Parameter subject: the request's body or path, for faults that are only for some.
    static func take(_ operation: String, _ subject: String, _ id: String, _ database: inout Connection) throws
        -> Fault?
    {
        try database.transaction { database in
            let candidates = try database.rows(
                """
                SELECT id, kind, milliseconds, status, code, message, seen + 1 AS seen,
                    CASE kind WHEN 'rate' THEN next_at > clock_timestamp() + interval '1 s'
                        ELSE chance(seed, seen + 1) < probability END AS hits
                FROM faults WHERE \(fragment: fits(operation))
                    AND (matching IS NULL OR position(matching IN \(subject)) > 0)
                ORDER BY id FOR UPDATE
                """
            ) { row in try Candidate(row) }
            let taken = candidates.first(where: \.hits)
            let looked = candidates.prefix { $0.id <= taken?.id ?? .max }.map(\.id)
            guard !looked.isEmpty else { return nil }
            try database.execute(
                """
                UPDATE faults SET seen = seen + 1, remaining = remaining - (id = \(taken?.id ?? 0))::int,
                    next_at = CASE WHEN kind = 'rate' AND id <> \(taken?.id ?? 0)
                        THEN greatest(next_at, clock_timestamp()) + interval '1 s' / per_second ELSE next_at END
                WHERE id = ANY(\(looked))
                """)
            guard let taken else { return nil }
            try database.execute(
                """
                INSERT INTO faults_taken (fault, kind, operation, seen, request_id)
                VALUES (\(taken.id), \(taken.fault.kind.rawValue), \(operation), \(taken.seen), \(id))
                """)
            return taken.fault
        }
    }

    private struct Candidate {
        let id: Int
        let seen: Int
        let hits: Bool
        let fault: Fault

        init(_ row: borrowing Row) throws {
            id = try row.int("id")
            seen = try row.int("seen")
            hits = try row.bool("hits")
            let said = try row.textOptional("message") ?? "A fault that was ordered for a test."
            fault = Fault(
                kind: Kind(rawValue: try row.text("kind")) ?? .error, milliseconds: try row.int("milliseconds"),
                fault: LocalFault(status: try row.int("status"), code: try row.text("code"), message: said))
        }
    }
}

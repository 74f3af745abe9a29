import PostgreSQL

/// A fault that a test has ordered (table `faults`), taken for one request.
struct Fault: Sendable {
    enum Kind: String, Sendable {
        /// Answered as always, but later.
        case delay
        /// No answer: waits until the client leaves, at most so long.
        case hang
        /// Nothing is done, and the connection dropped.
        case dropBefore
        /// Done and committed, and then the connection dropped instead of an answer.
        case dropAfter
        /// Nothing is done; an error is answered.
        case error
    }

    let kind: Kind
    let milliseconds: Int
    let fault: LocalFault

    static func query(_ operation: String) -> SQL {
        """
        SELECT EXISTS (SELECT FROM faults WHERE remaining > 0 AND lower(operation) IN (lower(\(operation)), '*'))
        """
    }

    /// The first that fits, one fewer remaining. Call only where `query` said yes.
    static func take(_ operation: String, _ database: inout Connection) throws -> Fault? {
        try database.row(
            """
            UPDATE faults SET remaining = remaining - 1 WHERE id = (
                SELECT id FROM faults WHERE remaining > 0 AND lower(operation) IN (lower(\(operation)), '*')
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING kind, milliseconds, status, code
            """
        ) { row in
            guard let kind = Kind(rawValue: try row.text("kind")) else { return nil }
            return Fault(
                kind: kind, milliseconds: try row.int("milliseconds"),
                fault: LocalFault(
                    status: try row.int("status"), code: try row.text("code"),
                    message: "A fault that was ordered for a test."))
        } ?? nil
    }
}

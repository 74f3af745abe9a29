package import FoundationEssentials
package import PostgreSQL

/// A time of leadership among all workers, as the database counts it.
package struct Term: Sendable, Equatable {
    package let number: Int
}

/// The term is over, or was another's: whatever was meant to be written must not be.
package struct TermOver: Error, CustomStringConvertible {
    package let term: Term

    package init(term: Term) { self.term = term }

    package var description: String { "term \(term.number) is over" }
}

extension Connection {
    /// Becomes leader where there is none, or stays it; nil while another leads.
    /// - Parameter holder: this process's own id.
    package mutating func lead(as holder: UUID, milliseconds: Int) throws -> Term? {
        try row(
            """
            UPDATE scheduler SET until = now() + \(milliseconds) * interval '1 ms', holder = \(holder),
                term = CASE WHEN holder = \(holder) AND until > now() THEN term ELSE term + 1 END
            WHERE holder = \(holder) OR until <= now() RETURNING term
            """
        ) { Term(number: try $0.int(0)) }
    }

    /// First in every transaction that writes as leader: nobody else can become it before the transaction ends. Throws
    /// `TermOver`.
    package mutating func hold(_ term: Term) throws {
        let rows = try execute("SELECT FROM scheduler WHERE term = \(term.number) AND until > now() FOR UPDATE")
        if rows == 0 { throw TermOver(term: term) }
    }

    /// True once in each period, for the leader only.
    package mutating func tick(_ term: Term, periodMilliseconds: Int) throws -> Bool {
        try execute(
            """
            UPDATE scheduler SET ticked_at = now()
            WHERE term = \(term.number) AND until > now()
                AND ticked_at <= now() - \(periodMilliseconds) * interval '1 ms'
            """) == 1
    }

    /// So that another need not wait.
    package mutating func resign(_ term: Term) throws {
        try execute("UPDATE scheduler SET until = now() WHERE term = \(term.number)")
    }
}

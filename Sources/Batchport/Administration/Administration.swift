import FoundationEssentials
import PostgreSQL

/// What an operator does from the command line, as the database's owner and with its own rows in the audit trail.
package enum Administration {
    /// Why nothing was done: sentences for the terminal.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let sentences: [String]
        /// There is one of that name already, and it stays as it is.
        package var isTaken = false

        init(_ sentence: String) { sentences = [sentence] }

        init(_ problems: [Failure.Problem]) { sentences = problems.map(\.message) }

        package var description: String { sentences.joined(separator: "\n") }
    }

    static func person(_ email: String, in database: inout Connection) throws -> UUID {
        let found = try database.row(
            "SELECT id FROM people WHERE lower(email) = lower(\(email)) AND disabled_at IS NULL"
        ) { try $0.uuid("id") }
        guard let found else { throw Refusal("Nobody has the e-mail address \(email).") }
        return found
    }

    /// Says in words which name is taken already.
    static func unlessTaken<Value>(_ sentence: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as PostgresError where error.isUniqueViolation {
            var refusal = Refusal(sentence)
            refusal.isTaken = true
            throw refusal
        }
    }
}

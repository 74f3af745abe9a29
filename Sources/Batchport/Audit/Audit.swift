import FoundationEssentials
import JSON
import PostgreSQL

/// The trail of who did what. Written in the transaction of the act itself: no act without its row.
package enum Audit {
    /// Which program wrote it. Of the command line no person is known: whoever runs it has the database's keys.
    package enum Program: String, Sendable {
        case web, admin
    }

    static func entry(
        by actor: UUID?, _ action: String, on kind: String, _ subject: UUID?, detail: JSONValue = .object([]),
        from program: Program = .web
    ) -> SQL {
        """
        INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
        VALUES (\(actor), \(program.rawValue), \(action), \(kind), \(subject), \(detail.text)::jsonb)
        """
    }
}

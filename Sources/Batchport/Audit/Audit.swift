import FoundationEssentials
import JSON
import PostgreSQL

/// The trail of who did what. Written in the transaction of the act itself: no act without its row.
enum Audit {
    static func entry(
        by actor: UUID?, _ action: String, on kind: String, _ subject: UUID?, detail: JSONValue = .object([])
    ) -> SQL {
        """
        INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
        VALUES (\(actor), 'web', \(action), \(kind), \(subject), \(detail.text)::jsonb)
        """
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

extension Audit {
    /// What the worker does for somebody: an act with a secret stands here before it is done.
    /// - Parameter person: whom it is done for, nil where it is the site's own.
    static func work(
        for person: UUID?, _ action: String, on kind: String, _ subject: UUID, detail: JSONValue = .object([])
    ) -> SQL {
        """
        INSERT INTO audit (actor, by_process, action, subject_kind, subject, detail)
        VALUES (\(person), 'worker', \(action), \(kind), \(subject), \(detail.text)::jsonb)
        """
    }
}

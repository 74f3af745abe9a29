import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

extension Connection {
    /// Enqueues a task about one row, in the caller's transaction; while an unfinished one of its kind is about the same
    /// row, that one is enough.
    mutating func enqueue(
        _ kind: String, _ arguments: JSONValue, for subject: UUID, lane: Lane = .ordinary
    ) throws {
        try enqueue(
            kind: kind, arguments: JSONText(arguments.serialized()), lane: lane,
            uniqueKey: kind + "/" + subject.lower)
    }
}

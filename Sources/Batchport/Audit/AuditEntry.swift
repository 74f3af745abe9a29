import FoundationEssentials
import JSON
import PostgreSQL

/// One row of the trail, to be read.
struct AuditEntry {
    let id: Int
    /// Nil for the moment until it is sealed.
    let seq: Int?
    let at: Int64
    let actor: UUID?
    let actorName: String?
    /// Names may be alike.
    let actorEmail: String?
    let program: String
    let action: String
    let subjectKind: String
    let subject: UUID?
    let detail: JSONValue

    init(_ row: borrowing Row) throws {
        id = try row.int(0)
        seq = try row.intOptional(1)
        at = try row.milliseconds(2)
        actor = try row.uuidOptional(3)
        actorName = try row.textOptional(4)
        program = try row.text(5)
        action = try row.text(6)
        subjectKind = try row.text(7)
        subject = try row.uuidOptional(8)
        detail = try JSONValue.parse(try row.json(9).bytes)
        actorEmail = try row.textOptional(10)
    }

    var json: JSONValue {
        let actor: JSONValue =
            actor.map { ["id": .string($0.lower), "name": JSONValue(actorName)] } ?? .null
        return [
            "seq": JSONValue(seq), "at": .string(Instant(at).rfc3339(withMilliseconds: true)), "actor": actor,
            "by": .string(program), "action": .string(action), "detail": detail,
            "subject": ["kind": .string(subjectKind), "id": JSONValue(subject?.lower)],
        ]
    }
}

/// As many as are shown at a time.
struct AuditPage {
    let entries: [AuditEntry]
    let next: Int?

    init(_ found: [AuditEntry], limit: Int) {
        entries = Array(found.prefix(limit))
        next = found.count > limit ? entries.last?.id : nil
    }
}

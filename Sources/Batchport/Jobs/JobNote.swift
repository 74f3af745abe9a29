import FoundationEssentials
import JSON
import PostgreSQL

/// What Batchport did about a job, or found out, beside AWS's statuses.
struct JobNote {
    let at: Int64
    let kind: String
    let detail: String

    init(_ row: borrowing Row) throws {
        at = try row.milliseconds("at")
        kind = try row.value("kind")
        detail = try row.value("detail")
    }

    static func query(_ job: UUID) -> SQL {
        "SELECT at, kind, detail FROM job_notes WHERE job = \(job) ORDER BY n LIMIT 200"
    }

    /// Word and the state whose icon and colour it has.
    var shown: (word: String, state: JobState) {
        switch kind {
        case "checking": ("No definite answer", .named("checking"))
        case "adopted": ("Found at AWS", .named("sent"))
        case "sentAgain": ("Not at AWS", .named("queued"))
        case "held": ("Held", .named("held"))
        case "resumed": ("Goes on", .named("queued"))
        case "duplicateStopped": ("Duplicate stopped", .named("refused"))
        case "duplicateFound": ("Duplicate found", .named("refused"))
        case "restored": ("Database restored", .named("checking"))
        default: ("Note", .named("checking"))
        }
    }

    var json: JSONValue { ["at": Instant(at).json, "kind": .string(kind), "detail": .string(detail)] }
}

extension Connection {
    /// In the transaction of the act itself.
    mutating func note(_ job: UUID, _ kind: String, _ detail: String) throws {
        try execute("INSERT INTO job_notes (job, kind, detail) VALUES (\(job), \(kind), \(detail))")
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

extension Connection {
    /// Enqueues a task about one row, in the caller's transaction; while an unfinished one of its kind is about the same
    /// row, that one is enough.
    /// - Parameter party: see `Party`.
    mutating func enqueue(
        _ kind: String, _ arguments: JSONValue, for subject: UUID, lane: Lane = .ordinary, party: String? = nil,
        gates: [String] = []
    ) throws {
        try enqueue(
            kind: kind, arguments: JSONText(arguments.serialized()), lane: lane,
            uniqueKey: kind + "/" + subject.lower, party: party, gates: gates)
    }

    /// As somebody asks for it now: one that waits to be tried again does not wait any longer.
    /// - Parameter person: where it is another thing for each person.
    mutating func enqueueNow(
        _ kind: String, _ arguments: JSONValue, for subject: UUID, of person: UUID? = nil
    ) throws {
        let key = ([kind, subject.lower] + [person?.lower].compactMap(\.self)).joined(separator: "/")
        try enqueue(kind: kind, arguments: JSONText(arguments.serialized()), uniqueKey: key)
        try execute("SELECT hasten_task(\(key))")
    }
}

/// Who shares the workers with whom: a person in an account. Neither many jobs of one person nor a slow account hold the
/// others' up.
enum Party {
    static func name(account: String, person: UUID) -> String { account + "/" + person.lower }
}

extension Connection {
    /// The task that sends a job: not while its account's Batch or S3 is left alone, nor while SubmitJob is at its limit.
    mutating func enqueueSubmission(of job: UUID, by person: UUID, at place: Place) throws {
        try enqueue(
            "submit", ["job": .string(job.lower)], for: job,
            party: Party.name(account: place.account, person: person), gates: place.gatesToSubmit)
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// Asks for a job's end. Asked twice is no error; the worker does it, and tracking confirms it (jobs.md).
enum Abort {
    static let longestReason = 256

    static func request(_ job: Job, reason: String, _ scope: inout Scope) throws {
        guard TextRules.isPlain(reason), reason.unicodeScalars.count <= longestReason else {
            throw Failure.unfit([
                .init(
                    "/reason", "malformed",
                    "The reason has at most \(longestReason) characters, none of them a control character.",
                    limit: longestReason)
            ])
        }
        if job.isSettled || job.isTerminal || job.stop != nil { return }
        let person = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(person), stop_reason = \(reason)
                WHERE id = \(job.id) AND stop_requested_at IS NULL
                """)
            guard changed == 1 else { return }
            try database.execute(
                Audit.entry(by: person, "job.abort", on: "job", job.id, detail: ["reason": .string(reason)]))
            try database.enqueue("stop", ["job": .string(job.idText)], for: job.id)
        }
    }
}

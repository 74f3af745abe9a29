import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL
import Tasks

enum JobPage {
    static let routes: [Route] = [
        .post("/jobs/*/abort", .signedIn, abort)
    ]

    private static func abort(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        try Abort.request(id, reason: try form.one("reason") ?? "", &scope)
        return .redirect(to: "/jobs/" + id.lower)
    }
}

/// Asks for a job's end. Asked twice is no error; the worker does it, and tracking confirms it (jobs.md).
enum Abort {
    static func request(_ id: UUID, reason: String, _ scope: inout Scope) throws {
        let identity = try scope.identity()
        guard TextRules.isPlain(reason), reason.unicodeScalars.count <= 256 else {
            throw Failure.unfit([
                .init(
                    "/reason", "tooLong", "The reason has at most 256 characters, none of them a control character.",
                    limit: 256)
            ])
        }
        guard let job = try scope.database.job(id) else { throw Failure.notFound }
        if job.isSettled || job.isTerminal || job.stop != nil { return }
        try scope.database.transaction { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(identity.person), stop_reason = \(reason)
                WHERE id = \(id) AND stop_requested_at IS NULL
                """)
            guard changed == 1 else { return }
            try database.execute(
                Audit.entry(by: identity.person, "job.abort", on: "job", id, detail: ["reason": .string(reason)]))
            try database.enqueue("stop", ["job": .string(id.lower)], for: id)
        }
    }
}

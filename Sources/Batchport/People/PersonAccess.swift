import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// What lets a person in, for admins: a link for whoever lost their way in, and the end of their sessions and tokens.
enum PersonAccess {
    static let routes: [Route] = [
        .post("/admin/people/*/recovery", .admin, recover),
        .post("/admin/people/*/sessions/end", .admin, endSessions),
        .post("/admin/people/*/tokens/end", .admin, endTokens),
    ]

    private static func recover(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let problem = try StepUp.problem(form, &scope) {
            return try PersonPages.show(id, SentForm("recovery", form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        let link = OneTimeLink()
        try scope.database.transaction { database in
            let isFit = try database.row(
                "SELECT kind = 'person' AND disabled_at IS NULL FROM people WHERE id = \(id)"
            ) { try $0.bool(0) }
            guard isFit == true else { throw Failure.notFound }
            _ = try database.pipeline(link.recovery(of: id, by: admin))
        }
        return try PersonPages.show(
            id, nil, recovery: scope.site.origin + OneTimeLink.path(link.code), &scope)
    }

    /// Whoever has left a browser open somewhere; tokens stay.
    private static func endSessions(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let problem = try StepUp.problem(form, &scope) {
            return try PersonPages.show(id, SentForm("sessions", form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.isHere(id) else { throw Failure.notFound }
            _ = try database.pipeline([
                Audit.entry(by: admin, "sessions.ended", on: "person", id), "SELECT end_sessions_of(\(id))",
            ])
        }
        return .redirect(to: admin == id ? "/sign-in" : "/admin/people/" + id.lower)
    }

    /// Programs that act as them, known or not, stop at once; sessions stay.
    private static func endTokens(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let problem = try StepUp.problem(form, &scope) {
            return try PersonPages.show(id, SentForm("tokens", form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.isHere(id) else { throw Failure.notFound }
            let ended = try database.row("SELECT end_tokens_of(\(id))") { try $0.int(0) } ?? 0
            try database.execute(
                Audit.entry(by: admin, "tokens.ended", on: "person", id, detail: ["count": JSONValue(ended)]))
        }
        return .redirect(to: "/admin/people/" + id.lower)
    }
}

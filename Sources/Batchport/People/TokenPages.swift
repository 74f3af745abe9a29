import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// My tokens: made on this page only, shown once, revoked at once.
enum TokenPages {
    static let routes: [Route] = [
        .get("/tokens", .signedIn, { call, scope in try show([], shown: nil, Entry(), &scope) }),
        .post("/tokens", .signedIn, make),
        .post("/tokens/*/revoke", .signedIn, revoke),
    ]

    private struct Entry {
        var name = ""
        var scopes: Set<String> = []
    }

    private static func make(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let entry = Entry(name: try form.one("name") ?? "", scopes: Set(form.all("scopes")))
        var problems = TextRules.problems("/name", "The name", entry.name, longest: 128)
        let known = Set(TokenScope.allCases.map(\.rawValue))
        if entry.scopes.isEmpty || !entry.scopes.isSubset(of: known) {
            problems.append(.init("/scopes", "empty", "Choose at least one thing the token may do."))
        }
        if let problem = try StepUp.problem(try form.one("your_password"), &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(problems, shown: nil, entry, &scope) }
        let secret = TokenSecret.fresh()
        try store(secret, entry, &scope)
        return try show([], shown: secret, Entry(), &scope)
    }

    private static func store(_ secret: String, _ entry: Entry, _ scope: inout Scope) throws {
        let person = try scope.identity().person
        let scopes = TokenScope.allCases.map(\.rawValue).filter(entry.scopes.contains)
        try scope.database.transaction { database in
            let id = try database.row(
                """
                INSERT INTO tokens (token_hash, person, name, hint, scopes, expires_at)
                VALUES (\(SessionCookie.hash(secret)), \(person), \(entry.name), \(String(secret.suffix(4))), \(scopes),
                    now() + make_interval(days => site_limit('token.days')::int))
                RETURNING id
                """
            ) { try $0.value("id", as: UUID.self) }
            try database.execute(Audit.entry(by: person, "token.made", on: "token", id))
        }
    }

    private static func revoke(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let person = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                "UPDATE tokens SET revoked_at = now() WHERE id = \(id) AND person = \(person) AND revoked_at IS NULL")
            if changed == 0 { throw Failure.notFound }
            try database.execute(Audit.entry(by: person, "token.revoked", on: "token", id))
        }
        return .redirect(to: "/tokens")
    }

    private static func show(
        _ problems: [Failure.Problem], shown: String?, _ entry: Entry, _ scope: inout Scope
    ) throws -> Response {
        let person = try scope.identity().person
        let now = scope.site.now()
        let rows = try scope.database.rows(
            """
            SELECT id, name, hint, scopes, created_at, expires_at, last_used_at FROM tokens
            WHERE person = \(person) AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 200
            """
        ) { row in try TokenRow(row, now: now) }
        let view = TokenView(
            fields: FormFields(assets: scope.site.assets, problems: problems), rows: rows, shown: shown,
            name: entry.name, chosen: entry.scopes, formToken: try scope.identity().formToken,
            asksPassword: try !StepUp.isFresh(&scope))
        return Page(
            title: "Tokens", content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Tokens"
        ).response(in: scope)
    }
}

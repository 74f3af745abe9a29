import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// My tokens: made on this page only, shown once, revoked at once.
enum TokenPages {
    static let routes: [Route] = [
        .get("/tokens", .signedIn, { call, scope in try show([], shown: nil, TokenEntry(), &scope) }),
        .post("/tokens", .signedIn, make),
        .post(
            "/tokens/*/revoke", .signedIn,
            { call, form, scope in
                try revoke(try call.id(0), of: try scope.identity().person, &scope)
                return .redirect(to: "/tokens")
            }),
    ]

    private static func make(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let entry = try TokenEntry(form)
        var problems = try entry.problems(&scope, for: TokenOwner(try scope.identity()))
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(problems, shown: nil, entry, &scope) }
        let secret = TokenSecret.fresh()
        if let problem = try entry.store(secret, for: try scope.identity().person, &scope) {
            return try show([problem], shown: nil, entry, &scope)
        }
        return try show([], shown: secret, TokenEntry(), &scope)
    }

    static func revoke(_ id: UUID, of person: UUID, _ scope: inout Scope) throws {
        let actor = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                "UPDATE tokens SET revoked_at = now() WHERE id = \(id) AND person = \(person) AND revoked_at IS NULL")
            if changed == 0 { throw Failure.notFound }
            try database.execute(Audit.entry(by: actor, "token.revoked", on: "token", id))
        }
    }

    private static func show(
        _ problems: [Failure.Problem], shown: String?, _ entry: TokenEntry, _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let answers = try scope.database.pipeline([
            """
            SELECT \(fragment: TokenRow.columns) FROM tokens t
            WHERE t.person = \(identity.person) AND \(fragment: TokenRow.listed)
            LIMIT 1000
            """,
            "SELECT id, name FROM environments ORDER BY name LIMIT 500",
            "SELECT site_limit('token.days')",
            """
            SELECT id, name FROM credentials WHERE owner = \(identity.person) AND kind = 'accessKey'
                AND deleted_at IS NULL AND job IS NULL ORDER BY name LIMIT 200
            """,
        ])
        let proof = try StepUp.input(fields, &scope)
        let view = TokenView(
            fields: fields, rows: try answers[0].rows { try TokenRow($0) },
            environments: try answers[1].rows { (id: try $0.uuid(0), name: try $0.text(1)) },
            days: try answers[2].row { try $0.int(0) } ?? 90, shown: shown, entry: entry,
            credentials: try answers[3].rows { (id: try $0.uuid(0), name: try $0.text(1)) },
            owner: TokenOwner(identity), formToken: try scope.identity().formToken, proof: proof,
            now: scope.site.now())
        return Page(
            title: "Tokens", content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Tokens", isForm: true
        ).response(in: scope)
    }
}

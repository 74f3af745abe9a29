import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// My settings: name, password, second factor, where I am signed in.
enum SettingsPages {
    static let routes: [Route] = [
        .get("/settings", .signedIn, { call, scope in try show([], nil, &scope) }),
        .post("/settings/name", .signedIn, rename),
        .post("/settings/password", .signedIn, changePassword),
        .post("/settings/sessions/*/end", .signedIn, endSession),
        .post("/settings/sessions/end-others", .signedIn, endOthers),
    ]

    private static func rename(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let name = try form.one("name") ?? ""
        let problems = TextRules.problems("/name", "The name", name, longest: 128)
        guard problems.isEmpty else { return try show(problems, name, &scope) }
        let old = try scope.identity().name
        try change(
            "SELECT change_me(\(name), NULL)", "person.renamed", detail: ["from": .string(old), "to": .string(name)],
            &scope)
        return .redirect(to: "/settings")
    }

    private static func changePassword(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let identity = try scope.identity()
        let new = try form.one("new_password") ?? ""
        var problems: [Failure.Problem] = []
        if let objection = Password.objection(
            new, about: [identity.email, identity.name], known: scope.site.knownPasswords)
        {
            problems.append(.init("/new_password", "weak", objection))
        }
        if try !isPassword(try form.one("old_password") ?? "", of: identity, &scope) {
            problems.append(.init("/old_password", "wrong", "This is not your present password."))
        }
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(problems, nil, &scope) }
        let pepper = scope.site.pepper
        let stored = try scope.site.hashing.pass(from: scope.address) { try Password.store(new, pepper: pepper) }
        try change("SELECT change_me(NULL, \(stored))", "password.changed", &scope)
        try StepUp.renew(withFactor: false, &scope)
        return .redirect(to: "/settings")
    }

    private static func isPassword(_ typed: String, of identity: Identity, _ scope: inout Scope) throws -> Bool {
        let stored = try scope.database.row(
            "SELECT password FROM password_of(\(identity.email)) WHERE NOT is_locked"
        ) { try $0.text(0) }
        let pepper = scope.site.pepper
        let matches = try scope.site.hashing.pass(from: scope.address) {
            try Password.matches(typed, stored: stored ?? Password.nobodys, pepper: pepper)
        }
        if !matches { try scope.database.execute("SELECT password_failed(\(identity.person))") }
        return matches
    }

    private static func change(
        _ statement: SQL, _ action: String, detail: JSONValue = .object([]), _ scope: inout Scope
    ) throws {
        let person = try scope.identity().person
        try scope.database.transaction { database in
            try database.execute(statement)
            try database.execute(Audit.entry(by: person, action, on: "person", person, detail: detail))
        }
    }

    private static func endSession(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let isMine = try scope.database.row("SELECT true FROM sessions WHERE id = \(id) AND ended_at IS NULL") {
            try $0.bool(0)
        }
        guard isMine == true else { throw Failure.notFound }
        try change("SELECT end_session(\(id))", "session.ended", &scope)
        return .redirect(to: "/settings")
    }

    private static func endOthers(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        try change("SELECT end_other_sessions()", "sessions.ended", &scope)
        return .redirect(to: "/settings")
    }

    /// - Parameter name: what was typed in place of the present one.
    static func show(_ problems: [Failure.Problem], _ name: String?, _ scope: inout Scope) throws -> Response {
        let identity = try scope.identity()
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let answers = try scope.database.pipeline([
            """
            SELECT id, created_at, seen_at, user_agent, factor FROM sessions
            WHERE ended_at IS NULL AND ends_at > now() AND seen_at + idle > now() ORDER BY seen_at DESC LIMIT 50
            """,
            """
            SELECT factor_at, my_recovery_codes(),
                (SELECT coalesce(array_agg(name ORDER BY lower(name)), '{}') FROM teams WHERE id = ANY (my_teams()))
            FROM people WHERE id = \(identity.person)
            """,
            "SELECT \(fragment: PersonUse.columns) FROM people p, person_use(p.id) u WHERE p.id = \(identity.person)",
        ])
        let view = SettingsView(
            fields: fields, identity: identity, name: name ?? identity.name,
            sessions: try answers[0].rows { try SettingsView.Session($0) },
            factor: try answers[1].row {
                (at: try $0.millisecondsOptional(0), codes: try $0.int(1), teams: try $0.value(2, as: [String].self))
            }, use: try answers[2].row { try PersonUse($0) }, proof: try StepUp.input(fields, &scope),
            theme: scope.theme, now: scope.site.now())
        return Page(
            title: "Settings", content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Settings"
        ).response(in: scope)
    }
}

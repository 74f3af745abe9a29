import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// Teams and their service accounts, for admins.
enum TeamPages {
    static let routes: [Route] = [
        .get("/admin/teams", .admin, { _, scope in try show("", [], &scope) }),
        .post("/admin/teams", .admin, add),
        .get("/admin/teams/*", .admin, { call, scope in try one(try call.id(0), nil, &scope) }),
        .post("/admin/teams/*/name", .admin, rename),
        .post("/admin/teams/*/delete", .admin, delete),
        .post("/admin/teams/*/services", .admin, addService),
        .post("/admin/services/*/tokens", .admin, addToken),
        .post("/admin/services/*/tokens/*/revoke", .admin, revokeToken),
    ]

    private static func add(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let name = try form.one("name") ?? ""
        var problems = TextRules.problems("/name", "The name", name, longest: 64)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(name, problems, &scope) }
        let id = UUID()
        let entry = Audit.entry(
            by: try scope.identity().person, "team.added", on: "team", id, detail: ["name": .string(name)])
        guard try isFree("INSERT INTO teams (id, name) VALUES (\(id), \(name))", entry, &scope) else {
            return try show(name, [taken], &scope)
        }
        return .redirect(to: "/admin/teams/" + id.lower)
    }

    private static func rename(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let name = try form.one("name") ?? ""
        var problems = TextRules.problems("/name", "The name", name, longest: 64)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try one(id, SentForm("name", form, problems), &scope) }
        let entry = Audit.entry(
            by: try scope.identity().person, "team.renamed", on: "team", id, detail: ["name": .string(name)])
        guard try isFree("UPDATE teams SET name = \(name) WHERE id = \(id)", entry, &scope) else {
            return try one(id, SentForm("name", form, [taken]), &scope)
        }
        return .redirect(to: "/admin/teams/" + id.lower)
    }

    private static let taken = Failure.Problem("/name", "taken", "There is a team of this name already.")

    private static func isFree(_ statement: SQL, _ entry: SQL, _ scope: inout Scope) throws -> Bool {
        do {
            try scope.database.transaction { database in
                if try database.execute(statement) == 0 { throw Failure.notFound }
                try database.execute(entry)
            }
            return true
        } catch let error as PostgresError {
            guard error.isUniqueViolation else { throw error }
            return false
        }
    }

    /// Members' jobs are theirs and go on; a service account's have nobody else, so it must be disabled and deleted first.
    private static func delete(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let problem = try StepUp.problem(form, &scope) {
            return try one(id, SentForm("delete", form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        let services = try scope.database.rows(
            "SELECT name FROM people WHERE team = \(id) ORDER BY lower(name) LIMIT 20"
        ) {
            try $0.text(0)
        }
        guard services.isEmpty else {
            let names = services.joined(separator: ", ")
            let problem = Failure.Problem(
                "/form", "hasServices", "Delete its service accounts first, which asks about their jobs: \(names).")
            return try one(id, SentForm("delete", form, [problem]), &scope)
        }
        try scope.database.transaction { database in
            let name = try database.row("SELECT name FROM teams WHERE id = \(id) FOR UPDATE") { try $0.text(0) }
            guard let name else { throw Failure.notFound }
            try EnvironmentWriting(person: admin, vaultKey: nil, endpoints: nil).dropGrants(ofTeam: id, in: &database)
            _ = try database.pipeline([
                "DELETE FROM teams WHERE id = \(id)",
                Audit.entry(by: admin, "team.deleted", on: "team", id, detail: ["name": .string(name)]),
            ])
        }
        return .redirect(to: "/admin/teams")
    }

    private static func addService(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let team = try call.id(0)
        let name = try form.one("service_name") ?? ""
        var problems = TextRules.problems("/service_name", "The name", name, longest: 64)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try one(team, SentForm("services", form, problems), &scope) }
        guard try scope.database.haveTeams([team]) else { throw Failure.notFound }
        let id = UUID()
        let entry = Audit.entry(
            by: try scope.identity().person, "service.added", on: "person", id,
            detail: ["name": .string(name), "team": .string(team.lower)])
        do {
            try scope.database.transaction { database in
                _ = try database.pipeline(["SELECT add_service(\(id), \(name), \(team))", entry])
            }
        } catch let error as PostgresError {
            guard error.isUniqueViolation else { throw error }
            let taken = Failure.Problem("/service_name", "taken", "There is a service account of this name already.")
            return try one(team, SentForm("services", form, [taken]), &scope)
        }
        return .redirect(to: "/admin/teams/" + team.lower)
    }

    private static func addToken(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let service = try call.id(0)
        guard let team = try scope.database.team(ofService: service) else { throw Failure.notFound }
        let entry = try TokenEntry(form)
        var problems = try entry.problems(&scope, for: .service)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        let name = TeamView.tokenForm(of: service)
        guard problems.isEmpty else { return try one(team, SentForm(name, form, problems), &scope) }
        let secret = TokenSecret.fresh()
        if let problem = try entry.store(secret, for: service, &scope) {
            return try one(team, SentForm(name, form, [problem]), &scope)
        }
        return try one(team, nil, shown: secret, &scope)
    }

    private static func revokeToken(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let service = try call.id(0)
        guard let team = try scope.database.team(ofService: service) else { throw Failure.notFound }
        try TokenPages.revoke(try call.id(1), of: service, &scope)
        return .redirect(to: "/admin/teams/" + team.lower)
    }

    private static func show(_ name: String, _ problems: [Failure.Problem], _ scope: inout Scope) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let view = TeamListView(
            fields: fields, formToken: try scope.identity().formToken, teams: try scope.database.teams(), name: name,
            proof: try StepUp.input(fields, &scope))
        return Page(
            title: "Teams", content: view.content, status: problems.isEmpty ? 200 : 422, section: "Admin"
        ).response(in: scope)
    }

    private static func one(
        _ id: UUID, _ sent: SentForm?, shown: String? = nil, _ scope: inout Scope
    ) throws -> Response {
        guard let team = try scope.database.team(id) else { throw Failure.notFound }
        let fields = FormFields(assets: scope.site.assets, problems: sent.problems, form: sent?.name ?? "")
        let view = TeamView(
            fields: fields, formToken: try scope.identity().formToken, team: team, sent: sent, shown: shown,
            proof: try StepUp.asked(&scope), now: scope.site.now())
        return Page(
            title: "Team \(team.name)", content: view.content, status: sent.problems.isEmpty ? 200 : 422,
            isNarrow: true,
            section: "Admin"
        ).response(in: scope)
    }
}

import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// One person, for admins: role, teams, managed environments; disable, let in again, delete.
enum PersonPages {
    static let routes: [Route] =
        [
            .get("/admin/people/*", .admin, { call, scope in try show(try call.id(0), nil, &scope) }),
            .post("/admin/people/*/role", .admin, changeRole),
            .post("/admin/people/*/teams", .admin, changeTeams),
            .post("/admin/people/*/environments", .admin, changeEnvironments),
            .post("/admin/people/*/disable", .admin, disable),
            .post("/admin/people/*/enable", .admin, enable),
            .post("/admin/people/*/delete", .admin, delete),
        ] + PersonAccess.routes

    private static func changeRole(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let role = Identity.Role(rawValue: try form.one("role") ?? "") else {
            let problem = Failure.Problem("/role", "unknown", "The role must be member or admin.")
            return try show(id, SentForm("role", form, [problem]), &scope)
        }
        return try act(
            id, "role", form, "SELECT set_role(\(id), \(role.rawValue))",
            Audit.entry(
                by: try scope.identity().person, "person.roleChanged", on: "person", id,
                detail: ["role": .string(role.rawValue)]), &scope)
    }

    /// A service account is of one team for good, and may be in others.
    private static func changeTeams(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let teams = try chosen("teams", form)
        guard try scope.database.haveTeams(teams) else {
            let problem = Failure.Problem("/teams", "unknown", "There is a team among these that does not exist.")
            return try show(id, SentForm("teams", form, [problem]), &scope)
        }
        if let own = try scope.database.team(ofService: id), !teams.contains(own) {
            let problem = Failure.Problem(
                "/teams", "ownTeam",
                "The team that a service account was made in cannot be taken from it. Delete it instead.")
            return try show(id, SentForm("teams", form, [problem]), &scope)
        }
        return try replace(
            id, "teams", form,
            [
                "DELETE FROM team_members WHERE person = \(id) AND team <> ALL(\(teams))",
                """
                INSERT INTO team_members (team, person) SELECT t, \(id) FROM unnest(\(teams)) t ON CONFLICT DO NOTHING
                """,
            ], "person.teamsChanged", teams, &scope)
    }

    private static func changeEnvironments(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let environments = try chosen("environments", form)
        let known = try scope.database.row("SELECT count(*) FROM environments WHERE id = ANY(\(environments))") {
            try $0.int(0)
        }
        guard known == environments.count else {
            let problem = Failure.Problem(
                "/environments", "unknown", "There is an environment among these that does not exist.")
            return try show(id, SentForm("environments", form, [problem]), &scope)
        }
        return try replace(
            id, "environments", form,
            [
                "DELETE FROM environment_managers WHERE person = \(id) AND environment <> ALL(\(environments))",
                """
                INSERT INTO environment_managers (environment, person) SELECT e, \(id) FROM unnest(\(environments)) e
                ON CONFLICT DO NOTHING
                """,
            ], "person.environmentsChanged", environments, &scope)
    }

    private static func chosen(_ name: String, _ form: Form) throws -> [UUID] {
        try Array(
            Set(
                form.all(name).map { text in
                    guard let id = UUID(uuidString: text) else { throw Failure.notFound }
                    return id
                }))
    }

    private static func replace(
        _ id: UUID, _ name: String, _ form: Form, _ statements: [SQL], _ action: String, _ ids: [UUID],
        _ scope: inout Scope
    ) throws -> Response {
        if let problem = try StepUp.problem(form, &scope) {
            return try show(id, SentForm(name, form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.isHere(id) else { throw Failure.notFound }
            _ = try database.pipeline(
                statements + [
                    Audit.entry(
                        by: admin, action, on: "person", id,
                        detail: ["to": .array(ids.map { .string($0.lower) })])
                ])
        }
        return .redirect(to: "/admin/people/" + id.lower)
    }

    /// What happens to jobs under way is said in the form: they go on, or are aborted.
    private static func disable(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let jobs = try form.one("jobs"), ["finish", "abort"].contains(jobs) else {
            let problem = Failure.Problem("/jobs", "empty", "Say what happens to the jobs under way.")
            return try show(id, SentForm("disable", form, [problem]), &scope)
        }
        let admin = try scope.identity().person
        let stops: SQL? = jobs == "abort" ? Abort.all(of: id, by: admin, reason: "Their owner was disabled") : nil
        return try act(
            id, "disable", form, "SELECT disable_person(\(id))",
            Audit.entry(by: admin, "person.disabled", on: "person", id, detail: ["jobs": .string(jobs)]), then: stops,
            otherwise: "This person is disabled already.", &scope)
    }

    private static func enable(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        return try act(
            id, "enable", form, "SELECT enable_person(\(id))",
            Audit.entry(by: try scope.identity().person, "person.enabled", on: "person", id),
            otherwise: "This person is not disabled, or was deleted.", &scope)
    }

    private static func delete(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        return try act(
            id, "delete", form, "SELECT delete_person(\(id))",
            Audit.entry(by: try scope.identity().person, "person.deleted", on: "person", id),
            otherwise: "Only a disabled person can be deleted, and once.", &scope)
    }

    /// - Parameter statement: answers `done`, `absent`, `lastAdmin` or `signs`.
    /// - Parameter conflict: what is said where there was nothing to be done; without it, that is no error.
    private static func act(
        _ id: UUID, _ name: String, _ form: Form, _ statement: SQL, _ entry: SQL, then further: SQL? = nil,
        otherwise conflict: String? = nil, _ scope: inout Scope
    ) throws -> Response {
        if let problem = try StepUp.problem(form, &scope) {
            return try show(id, SentForm(name, form, [problem]), &scope)
        }
        let outcome = try Self.outcome(of: statement, after: [entry] + [further].compactMap(\.self), &scope)
        if let problem = try refusal(outcome, id, &scope) {
            return try show(id, SentForm(name, form, [problem]), &scope)
        }
        if outcome == "absent" {
            guard try scope.database.person(id) != nil else { throw Failure.notFound }
            if let conflict { throw Failure.conflict(conflict) }
        }
        let isMe = try scope.identity().person == id
        return .redirect(to: isMe ? "/sign-in" : "/admin/people/" + id.lower)
    }

    private static func refusal(_ outcome: String, _ id: UUID, _ scope: inout Scope) throws -> Failure.Problem? {
        switch outcome {
        case "lastAdmin":
            return .init("/form", "lastAdmin", "This is the last admin. Make somebody else an admin first.")
        case "signs":
            let names = try scope.database.environments(behind: id).map(\.name)
            let sentence =
                names.count == 1
                ? "The environment \(names[0]) uses a credential of theirs. Give it another one first."
                : "The environments \(names.joined(separator: ", ")) use credentials of theirs. Give them others first."
            return .init("/form", "signs", sentence)
        default: return nil
        }
    }

    /// The trail first: whoever acts on themselves is nobody afterwards. Nothing of it stays unless all was done.
    private static func outcome(of statement: SQL, after: [SQL], _ scope: inout Scope) throws -> String {
        struct Undone: Error { let outcome: String }
        do {
            try scope.database.transaction { database in
                let answers = try database.pipeline(after + [statement])
                let outcome = try answers[after.count].row { try $0.text(0) } ?? "absent"
                if outcome != "done" { throw Undone(outcome: outcome) }
            }
            return "done"
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    /// - Parameter sent: the form that was refused.
    /// - Parameter recovery: a link just made.
    static func show(
        _ id: UUID, _ sent: SentForm?, recovery: String? = nil, _ scope: inout Scope
    ) throws -> Response {
        guard let person = try scope.database.person(id) else { throw Failure.notFound }
        let fields = FormFields(assets: scope.site.assets, problems: sent.problems, form: sent?.name ?? "")
        let view = PersonView(
            fields: fields, formToken: try scope.identity().formToken, person: person, sent: sent, recovery: recovery,
            proof: try StepUp.asked(&scope), now: scope.site.now())
        return Page(
            title: person.name, content: view.content, status: sent.problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Admin"
        ).response(in: scope)
    }
}

extension Abort {
    /// Asks for the end of all that a person has under way.
    static func all(of owner: UUID, by admin: UUID, reason: String) -> SQL {
        """
        WITH stopped AS (
            UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(admin), stop_reason = \(reason)
            WHERE owner = \(owner) AND settled_at IS NULL AND stop_requested_at IS NULL RETURNING id)
        SELECT enqueue_task('stop', jsonb_build_object('job', id), 'ordinary', NULL, 'stop/' || id, 25) FROM stopped
        """
    }
}

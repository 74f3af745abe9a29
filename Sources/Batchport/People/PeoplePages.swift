import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// All people, for admins; inviting one.
enum PeoplePages {
    static let routes: [Route] = [
        .get("/admin/people", .admin, { call, scope in try show(call, .init(), [], nil, &scope) }),
        .post("/admin/people/invite", .admin, invite),
        .post("/admin/invitations/*/withdraw", .admin, withdraw),
    ]

    static let shown = 100

    private static func invite(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        var guest = OneTimeLink.Guest()
        guest.email = try form.one("email") ?? ""
        guest.name = try form.one("name") ?? ""
        guest.role = try form.one("role") ?? ""
        let teams = form.all("teams").map { UUID(uuidString: $0) }
        guest.teams = teams.compactMap(\.self)
        var problems = PersonRules.problems(email: guest.email, name: guest.name)
        if Identity.Role(rawValue: guest.role) == nil {
            problems.append(.init("/role", "unknown", "The role must be member or admin."))
        }
        if try teams.contains(nil) || !scope.database.haveTeams(guest.teams) {
            problems.append(.init("/teams", "unknown", "There is a team among these that does not exist."))
        }
        if try scope.database.hasPerson(guest.email) {
            problems.append(.init("/email", "taken", "Somebody has this e-mail address already."))
        }
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(call, guest, problems, nil, &scope) }
        let link = OneTimeLink()
        let admin = try scope.identity().person
        try scope.database.transaction { database in _ = try database.pipeline(link.invitation(guest, by: admin)) }
        return try show(call, .init(), [], (guest.email, OneTimeLink.path(link.code)), &scope)
    }

    private static func withdraw(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let admin = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                "UPDATE one_time_links SET withdrawn_at = now() WHERE id = \(id) AND used_at IS NULL AND withdrawn_at IS NULL"
            )
            if changed == 0 { throw Failure.notFound }
            try database.execute(Audit.entry(by: admin, "link.withdrawn", on: "link", id))
        }
        return .redirect(to: "/admin/people")
    }

    private static func show(
        _ call: Call, _ guest: OneTimeLink.Guest, _ problems: [Failure.Problem], _ made: (email: String, path: String)?,
        _ scope: inout Scope
    ) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let filter = try PeopleFilter(call.request.query)
        let answers = try scope.database.pipeline([
            filter.query(limit: shown),
            "SELECT id, name FROM teams ORDER BY lower(name) LIMIT 500",
            """
            SELECT id, email, role, expires_at FROM one_time_links WHERE kind = 'invitation' AND used_at IS NULL
                AND withdrawn_at IS NULL AND expires_at > now() ORDER BY made_at DESC LIMIT 200
            """,
        ])
        let found = try answers[0].rows { try PersonLine($0) }
        let view = PeopleView(
            fields: fields, formToken: try scope.identity().formToken, filter: filter,
            people: Array(found.prefix(shown)), next: found.count > shown ? found[shown - 1] : nil,
            teams: try answers[1].rows { (id: try $0.uuid(0), name: try $0.text(1)) },
            invitations: try answers[2].rows { try Invitation($0) }, guest: guest,
            made: made.map { (email: $0.email, address: scope.site.origin + $0.path) },
            proof: try StepUp.input(fields, &scope), now: scope.site.now())
        return Page(
            title: "People", content: view.content, status: problems.isEmpty ? 200 : 422, section: "Admin"
        ).response(in: scope)
    }
}

/// Which people, by name.
struct PeopleFilter {
    let text: String
    let after: String?

    /// One row more than `limit` tells that there is a next page. E-mail addresses are unique, and so a place in the list.
    func query(limit: Int) -> SQL {
        """
        SELECT p.id, p.email, p.name, p.role, p.kind, p.factor_at IS NOT NULL, p.disabled_at, p.created_at,
            ARRAY(SELECT t.name FROM team_members m JOIN teams t ON t.id = m.team WHERE m.person = p.id ORDER BY lower(t.name))
        FROM people p
        WHERE p.deleted_at IS NULL AND (\(after)::text IS NULL OR lower(p.email) > lower(\(after)::text))
            AND (\(text) = '' OR strpos(lower(p.email || ' ' || p.name), lower(\(text))) > 0)
        ORDER BY lower(p.email) LIMIT \(limit + 1)
        """
    }
}

extension PeopleFilter {
    init(_ query: Query) throws {
        self.init(text: try query.one("q") ?? "", after: try query.one("after"))
        if let after, after.utf8.count > 254 { throw Failure.badCursor }
    }
}

/// A person as a line of the list.
struct PersonLine {
    let id: UUID
    let email: String
    let name: String
    let role: String
    let isService: Bool
    let hasFactor: Bool
    let disabledAt: Int64?
    let createdAt: Int64
    let teams: [String]

    init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        email = try row.text(1)
        name = try row.text(2)
        role = try row.text(3)
        isService = try row.text(4) == "service"
        hasFactor = try row.bool(5)
        disabledAt = try row.millisecondsOptional(6)
        createdAt = try row.milliseconds(7)
        teams = try row.value(8, as: [String].self)
    }
}

/// One that was not taken yet.
struct Invitation {
    let id: UUID
    let email: String
    let role: String
    let expiresAt: Int64

    init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        email = try row.text(1)
        role = try row.text(2)
        expiresAt = try row.milliseconds(3)
    }
}

extension Connection {
    mutating func haveTeams(_ ids: [UUID]) throws -> Bool {
        try row("SELECT count(*) FROM teams WHERE id = ANY(\(ids))") { try $0.int(0) } == Set(ids).count
    }

    mutating func hasPerson(_ email: String) throws -> Bool {
        try row("SELECT EXISTS (SELECT FROM people WHERE lower(email) = lower(\(email)))") { try $0.bool(0) } ?? false
    }
}

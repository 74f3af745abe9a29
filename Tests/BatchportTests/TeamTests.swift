import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Who sees whose jobs: one's own, those of team mates, all of an environment, as its grants say.
struct TeamTests {
    private static let team = UUID()
    private static let other = UUID()

    /// What is granted, and what of the member's job the stranger then sees and may stop.
    private struct Grants {
        let name: String
        let statements: [SQL]
        let sees: Bool
        var stops = false
    }

    private static let together: SQL = """
        INSERT INTO team_members (team, person) SELECT \(team), id FROM people WHERE email IN ('mia@example.org', 'sam@example.org')
        """
    private static let apart: SQL = """
        INSERT INTO team_members (team, person) SELECT CASE email WHEN 'mia@example.org' THEN \(team) ELSE \(other) END, id
        FROM people WHERE email IN ('mia@example.org', 'sam@example.org')
        """
    private static func grant(_ sees: String, to team: UUID?) -> SQL {
        "INSERT INTO environment_grants (environment, team, sees) SELECT id, \(team), \(sees) FROM environments"
    }
    private static let everyone: SQL = "DELETE FROM environment_grants"

    private static let cases: [Grants] = [
        Grants(name: "nothing", statements: [], sees: false),
        Grants(name: "mates, own", statements: [together, grant("own", to: team)], sees: false),
        Grants(name: "mates, team", statements: [together, grant("team", to: team)], sees: true),
        Grants(name: "mates, team, of another team", statements: [together, grant("team", to: other)], sees: false),
        Grants(
            name: "no mates, team", statements: [apart, grant("team", to: team), grant("team", to: other)], sees: false),
        Grants(name: "no mates, all", statements: [apart, grant("all", to: other)], sees: true),
        Grants(name: "all, but to the other team", statements: [apart, grant("all", to: team)], sees: false),
        Grants(
            name: "mates, everyone's grant shows teams", statements: [together, everyone, grant("team", to: nil)],
            sees: true),
        Grants(name: "everyone's grant shows all", statements: [everyone, grant("all", to: nil)], sees: true),
        Grants(
            name: "manager",
            statements: [
                """
                INSERT INTO environment_managers (environment, person)
                SELECT e.id, p.id FROM environments e, people p WHERE p.email = 'sam@example.org'
                """
            ], sees: true, stops: true),
    ]

    @Test(arguments: cases.indices)
    func seesAsGranted(index: Int) throws {
        let grants = Self.cases[index]
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.addOutput(job)
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(Self.team), 'a'), (\(Self.other), 'b')")
        for statement in grants.statements { try portal.owner(statement) }
        let path = "/jobs/\(job.lower)"
        for part in VisibilityTests.paths where part != "/outputs/x.csv" {
            let answer = try portal.api("GET", path + part, as: portal.stranger)
            #expect((answer.status == 200) == grants.sees, "\(grants.name) \(part) \(answer.status)")
        }
        let list = try portal.api("GET", "/jobs", as: portal.stranger).json["items"]?.array ?? []
        #expect(list.compactMap { $0["jobUUID"]?.string } == (grants.sees ? [job.lower] : []), "\(grants.name)")
        #expect(list.first?["owner"]?["name"]?.string == (grants.sees ? portal.member.name : nil))
        let page = try portal.page("/jobs", as: portal.stranger)
        #expect(page.text.contains(job.lower) == grants.sees)
        #expect(try portal.api("GET", "/jobs?owner=me", as: portal.stranger).json["items"]?.array?.isEmpty == true)
        let stop = try portal.api("POST", path + "/abort", [:], as: portal.stranger)
        #expect(stop.status == (grants.stops ? 202 : grants.sees ? 403 : 404), "\(grants.name)")
        #expect(try portal.page(path, as: portal.stranger).text.contains("/abort\"") == false)
        #expect(
            try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == (grants.stops ? 1 : 0))
        // The worker signs a link for whoever sees the job, and for nobody else.
        var worker = try portal.database.connect(.worker)
        let signs = try worker.row(
            "SELECT person_sees_job(\(portal.stranger.id), owner, environment) FROM jobs WHERE id = \(job)"
        ) { try $0.bool(0) }
        #expect(signs == grants.sees)
    }

    /// Each job once, whatever shows it, newest first, page by page.
    @Test func theListMergesItsSources() throws {
        var portal = try Portal()
        var jobs: [String] = []
        for n in 0..<9 {
            let owner = [portal.member, portal.stranger, portal.admin][n % 3]
            jobs.append(try portal.submitted(as: owner).lower)
        }
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(Self.team), 'a')")
        for statement in [
            Self.together, Self.grant("all", to: Self.team), Self.grant("team", to: nil).replacingGrants(),
        ] { try portal.owner(statement) }
        var (seen, path): ([String], String?) = ([], "/jobs?limit=2")
        while let next = path {
            let answer = try portal.api("GET", next, as: portal.stranger).json
            seen += (answer["items"]?.array ?? []).compactMap { $0["jobUUID"]?.string }
            path = answer["nextCursor"]?.string.map { "/jobs?limit=2&cursor=" + $0 }
        }
        #expect(Set(seen) == Set(jobs) && seen.count == jobs.count)
    }

    @Test func teamsAreMadeRenamedAndDeleted() throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let made = try admin.act(&portal, "/admin/teams", [("name", "Genomics")])
        let path = try #require(made.headers.first("location"))
        #expect(try admin.act(&portal, "/admin/teams", [("name", "genomics")]).status == 422)
        #expect(try admin.act(&portal, "/admin/teams", [("name", String(repeating: "x", count: 65))]).status == 422)
        #expect(try admin.act(&portal, path + "/name", [("name", "Proteins")]).status == 303)
        let team = try #require(UUID(uuidString: String(path.suffix(36))))
        let person = "/admin/people/\(portal.member.id.lower)"
        #expect(try admin.act(&portal, person + "/teams", [("teams", team.lower)]).status == 303)
        #expect(try admin.act(&portal, person + "/teams", [("teams", UUID().lower)]).status == 422)
        #expect(try portal.api("GET", "/me").json["teams"]?.array?.compactMap { $0["name"]?.string } == ["Proteins"])
        #expect(try admin.act(&portal, path + "/services", [("service_name", "nightly")]).status == 303)
        let refused = try admin.act(&portal, path + "/delete")
        #expect(refused.status == 422 && refused.text.contains("nightly"))
        try portal.owner("UPDATE people SET disabled_at = now() WHERE kind = 'service'")
        try portal.owner("UPDATE people SET deleted_at = now(), team = NULL WHERE kind = 'service'")
        #expect(try admin.act(&portal, path + "/delete").status == 303)
        #expect(try portal.api("GET", "/me").json["teams"] == [])
        #expect(try admin.act(&portal, path + "/delete").status == 404)
    }

    @Test func aManagerIsOneOfNamedEnvironments() throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let person = "/admin/people/\(portal.stranger.id.lower)/environments"
        #expect(try admin.act(&portal, person, [("environments", portal.environment.lower)]).status == 303)
        var web = try portal.database.connect(.web)
        web.identity = portal.stranger.session
        let asked = try web.row(
            "SELECT may_manage_environment(\(portal.environment)), may_manage_environment(\(UUID()))"
        ) { "\(try $0.bool(0)) \(try $0.bool(1))" }
        #expect(asked == "true false")
        #expect(try admin.act(&portal, person, [("environments", UUID().lower)]).status == 422)
        #expect(try admin.act(&portal, person).status == 303)
        #expect(try portal.count("SELECT count(*) FROM environment_managers") == 0)
    }

    @Test func aServiceAccountSignsInByTokenOnly() throws {
        var portal = try Portal()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(Self.team), 'a')")
        try portal.owner("DELETE FROM environment_grants")
        try portal.owner(Self.grant("team", to: Self.team))
        var admin = Browser(portal.admin)
        #expect(
            try admin.act(&portal, "/admin/teams/\(Self.team.lower)/services", [("service_name", "cron")]).status == 303
        )
        #expect(
            try admin.act(&portal, "/admin/teams/\(Self.team.lower)/services", [("service_name", "CRON")]).status == 422
        )
        var owner = try portal.database.connect(.superuser)
        let service = try #require(try owner.row("SELECT id FROM people WHERE kind = 'service'") { try $0.uuid(0) })
        let path = "/admin/services/\(service.lower)/tokens"
        #expect(try admin.act(&portal, path, [("name", "t"), ("scopes", "admin")]).status == 422)
        let made = try admin.act(&portal, path, [("name", "t"), ("scopes", "jobs:submit"), ("scopes", "jobs:read")])
        let start = try #require(made.text.firstRange(of: "<code id=\"new-token\">"))
        let token = String(made.text[start.upperBound...].prefix(36))
        let body = portal.submission()
        let answer = try portal.send(
            "POST", "/api/v1/jobs",
            [
                ("authorization", "Bearer " + token), ("content-type", "application/json"), ("idempotency-key", "k"),
            ], body: body.serialized())
        #expect(answer.status == 201 && answer.json["owner"]?["name"]?.string == "cron")
        var browser = Browser()
        #expect(try browser.signIn(&portal, "service:cron", "").status == 422)
        #expect(try portal.form("/admin/services/\(service.lower)/tokens", []).status == 404)
        // Its account is made for tokens: nobody makes one for a person.
        #expect(
            try admin.act(
                &portal, "/admin/services/\(portal.member.id.lower)/tokens", [("name", "t"), ("scopes", "jobs:read")]
            ).status == 404)
    }
}

extension SQL {
    fileprivate func replacingGrants() -> SQL {
        "\(fragment: self) ON CONFLICT (environment, person, team) DO UPDATE SET sees = 'team'"
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// Bad input for whoever administers: each time the page says what is wrong, and nothing is half-done.
struct BadAdministrationTests {
    struct Act: Sendable {
        let name: String
        /// `{admin}`, `{member}`, `{team}`, `{environment}` are ids; `{none}` is nobody's.
        let path: String
        var fields: [(String, String)] = []
        let status: Int
        /// Part of what the page says.
        var says = ""
        /// What stands before, in the database.
        var before: [SQL] = []
    }

    static let acts: [Act] = [
        Act(
            name: "the last admin disables himself", path: "/admin/people/{admin}/disable",
            fields: [("jobs", "finish")],
            status: 422, says: "This is the last admin."),
        Act(
            name: "the last admin becomes a member", path: "/admin/people/{admin}/role", fields: [("role", "member")],
            status: 422, says: "This is the last admin."),
        Act(
            name: "the only other admin is disabled", path: "/admin/people/{admin}/disable",
            fields: [("jobs", "abort")], status: 422, says: "This is the last admin.",
            before: ["UPDATE people SET role = 'admin', disabled_at = now() WHERE email = 'sam@example.org'"]),
        Act(
            name: "nothing is said of the jobs", path: "/admin/people/{member}/disable", status: 422,
            says: "Say what happens to the jobs under way."),
        Act(
            name: "a word for the jobs that is none", path: "/admin/people/{member}/disable",
            fields: [("jobs", "delete")], status: 422, says: "Say what happens to the jobs under way."),
        Act(
            name: "nobody is disabled", path: "/admin/people/{none}/disable", fields: [("jobs", "finish")], status: 404),
        Act(name: "a person who is not disabled is deleted", path: "/admin/people/{member}/delete", status: 409),
        Act(name: "nobody is deleted", path: "/admin/people/{none}/delete", status: 404),
        Act(name: "a role that is none", path: "/admin/people/{member}/role", fields: [("role", "root")], status: 422),
        Act(
            name: "a team that does not exist", path: "/admin/people/{member}/teams", fields: [("teams", "{none}")],
            status: 422, says: "does not exist"),
        Act(
            name: "an environment that does not exist", path: "/admin/people/{member}/environments",
            fields: [("environments", "{none}")], status: 422, says: "does not exist"),
        Act(
            name: "an id that is none", path: "/admin/people/{member}/environments", fields: [("environments", "x")],
            status: 404),
        Act(name: "a team of nobody's", path: "/admin/teams/{none}/delete", status: 404),
        Act(
            name: "a team with a service account", path: "/admin/teams/{team}/delete", status: 422, says: "nightly",
            before: [
                """
                INSERT INTO people (email, name, role, password, kind, team)
                SELECT 'service:nightly', 'nightly', 'member', '', 'service', id FROM teams
                """
            ]),
        Act(
            name: "a limit below its bounds", path: "/admin/limits", fields: [("session.adminIdleSeconds", "59")],
            status: 422, says: "must be a whole number from 60"),
        Act(
            name: "a limit beyond its bounds", path: "/admin/limits", fields: [("session.adminIdleSeconds", "3600")],
            status: 422, says: "must be a whole number from 60 to 900"),
    ]

    @Test(arguments: acts.indices)
    func isRefusedAndNothingChanges(index: Int) throws {
        let act = Self.acts[index]
        var portal = try Portal()
        let team = UUID()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        _ = try portal.submitted()
        for statement in act.before { try portal.owner(statement) }
        let known = [
            "{admin}": portal.admin.id, "{member}": portal.member.id, "{team}": team, "{none}": UUID(),
            "{environment}": portal.environment,
        ]
        func filled(_ text: String) -> String {
            known.reduce(text) { $0.replacing($1.key, with: $1.value.lower) }
        }
        let before = try portal.state()
        var admin = Browser(portal.admin)
        let answer = try admin.act(&portal, filled(act.path), act.fields.map { ($0.0, filled($0.1)) })
        #expect(answer.status == act.status, "\(act.name): \(answer.status)")
        #expect(answer.text.contains(act.says), "\(act.name)")
        #expect(try portal.state() == before, "\(act.name)")
        #expect(try admin.get(&portal, "/admin/people").status == 200)
    }

    /// The API has no way to any of it, whatever the token.
    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func theAPIOnlyReadsPeopleAndTeams(method: String) throws {
        var portal = try Portal()
        let before = try portal.state()
        for path in ["/admin/users", "/admin/teams", "/admin/audit"] {
            #expect(try portal.api(method, path, [:], as: portal.admin).status == 405)
            #expect(try portal.api(method, path + "/" + portal.admin.id.lower, [:], as: portal.admin).status == 404)
        }
        #expect(try portal.state() == before)
    }

    /// A team that goes while a member's jobs run: they run on, and the others no longer see them.
    @Test func aTeamIsDeletedWhileItsJobsRun() throws {
        var portal = try Portal()
        let (job, team) = (try portal.submitted(), UUID())
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        try portal.owner(
            "INSERT INTO team_members SELECT \(team), id FROM people WHERE email IN ('mia@example.org', 'sam@example.org')"
        )
        try portal.owner(
            "INSERT INTO environment_grants (environment, team, sees) SELECT id, \(team), 'team' FROM environments")
        #expect(try portal.api("GET", "/jobs/\(job.lower)", as: portal.stranger).status == 200)
        var admin = Browser(portal.admin)
        #expect(try admin.act(&portal, "/admin/teams/\(team.lower)/delete").status == 303)
        #expect(try portal.api("GET", "/jobs/\(job.lower)", as: portal.stranger).status == 404)
        #expect(try portal.api("GET", "/jobs/\(job.lower)").json["phase"] == "queued")
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        #expect(try portal.count("SELECT count(*) FROM environment_grants WHERE team IS NOT NULL") == 0)
    }
}

extension Portal {
    /// Of people, teams, grants, limits and jobs, every row.
    fileprivate func state() throws -> [Int] {
        try [
            "people", "teams", "team_members", "environment_managers", "environment_grants", "limits", "jobs", "tasks",
        ]
        .map { table in
            try count("SELECT coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM \(identifier: table) t")
        }
    }
}

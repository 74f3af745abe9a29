import FoundationEssentials
import HTTP
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Pages with several forms, of which one is sent and refused: nothing chosen is lost, and the fault stands where it is.
struct ManyFormsTests {
    private let team = UUID()
    private let service = UUID()

    private func portal() throws -> Portal {
        let portal = try Portal()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        try portal.owner(
            """
            INSERT INTO people (id, email, name, role, password, kind, team)
            VALUES (\(service), 'service:x', 'x', 'member', '', 'service', \(team))
            """)
        try portal.owner("INSERT INTO team_members (team, person) VALUES (\(team), \(service))")
        try portal.owner(
            """
            INSERT INTO environments (name, region, account, io_bucket, job_definition, job_queue, service_object, languages)
            SELECT 'other', region, account, io_bucket, job_definition, job_queue, 'automatic', languages FROM environments
            """)
        try portal.owner(
            "INSERT INTO environment_grants (environment, team) SELECT id, \(team) FROM environments WHERE name = 'other'"
        )
        return portal
    }

    private func ids(_ page: Answer) -> [String] {
        page.text.matches(of: /[ ]id="([^"]*)"/).map { String($0.1) }
    }

    /// The form of that address alone.
    private func form(_ path: String, _ page: Answer) throws -> String {
        let start = try #require(page.text.firstRange(of: "action=\"\(path)\""))
        let rest = page.text[start.upperBound...]
        return String(rest[..<(try #require(rest.firstRange(of: "</form>"))).lowerBound])
    }

    /// - Parameter path: `*` is the member.
    private func refused(_ path: String, _ fields: [(String, String)], keeps kept: String) throws {
        var portal = try portal()
        let path = path.replacing("*", with: portal.member.id.lower)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        var admin = Browser(portal.admin)
        let page = try admin.act(&portal, path, fields)
        #expect(page.status == 422, "\(path)")
        let ids = ids(page)
        #expect(Set(ids).count == ids.count, "\(path): \(ids)")
        #expect(page.text.ranges(of: "aria-invalid").count == 1, "\(path)")
        let form = try form(path, page)
        #expect(form.contains(kept) && form.contains("aria-invalid"), "\(path): \(form)")
        let target = try #require(page.text.firstMatch(of: /<li><a href="#([^"]*)">/)).1
        #expect(form.contains("id=\"\(target)\""), "\(path): \(target)")
    }

    @Test func ofAPersonNothingChosenIsLost() throws {
        let person = "/admin/people/*"
        try refused(person + "/role", [("role", "admin")], keeps: "value=\"admin\" checked")
        try refused(person + "/disable", [("jobs", "abort")], keeps: "value=\"abort\" checked")
        try refused(person + "/teams", [("teams", team.lower)], keeps: "value=\"\(team.lower)\" checked")
        for act in ["recovery", "sessions/end", "tokens/end"] {
            try refused(person + "/" + act, [], keeps: "your_password")
        }
    }

    @Test func ofATeamNothingTypedIsLost() throws {
        let path = "/admin/teams/\(team.lower)"
        try refused(path + "/name", [("name", "proteins")], keeps: "value=\"proteins\"")
        try refused(path + "/services", [("service_name", "nightly")], keeps: "value=\"nightly\"")
        try refused(path + "/delete", [], keeps: "Delete this team")
        try refused(
            "/admin/services/\(service.lower)/tokens", [("name", "cron"), ("scopes", "jobs:read"), ("days", "9")],
            keeps: "value=\"jobs:read\" checked")
    }

    @Test func aServicesTokenIsLimitedOnItsPage() throws {
        var portal = try portal()
        var admin = Browser(portal.admin)
        let page = try admin.get(&portal, "/admin/teams/\(team.lower)")
        #expect(
            try form("/admin/services/\(service.lower)/tokens", page).contains("value=\"\(portal.environment.lower)\""))
        let made = try admin.act(
            &portal, "/admin/services/\(service.lower)/tokens",
            [("name", "cron"), ("scopes", "jobs:read"), ("environments", portal.environment.lower)])
        #expect(made.status == 200 && made.text.contains("in local only"))
    }

    @Test func aServiceStaysInItsTeam() throws {
        var portal = try portal()
        var admin = Browser(portal.admin)
        let path = "/admin/people/\(service.lower)/teams"
        let refused = try admin.act(&portal, path)
        #expect(refused.status == 422 && refused.text.contains("cannot be taken from it"))
        #expect(try portal.count("SELECT count(*) FROM team_members WHERE person = \(service)") == 1)
        #expect(try admin.act(&portal, path, [("teams", team.lower)]).status == 303)
    }
}

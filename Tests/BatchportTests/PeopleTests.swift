import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What admins do with people (trust.md S8, S13).
struct PeopleTests {
    @Test func disablingBitesAtOnceAndAsksAboutJobs() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        var admin = Browser(portal.admin)
        let path = "/admin/people/\(portal.member.id.lower)"
        #expect(try admin.act(&portal, path + "/disable").status == 422)
        #expect(try portal.page("/jobs").status == 200)
        #expect(try admin.act(&portal, path + "/disable", [("jobs", "finish")]).status == 303)
        #expect(try portal.page("/jobs").status == 303)
        #expect(try portal.api("GET", "/me").status == 401)
        #expect(try Browser().refused(&portal, portal.member.email))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        #expect(try admin.act(&portal, path + "/enable").status == 303)
        #expect(try portal.page("/jobs").status == 303)
        #expect(try admin.act(&portal, path + "/disable", [("jobs", "abort")]).status == 303)
        #expect(
            try portal.count(
                "SELECT count(*) FROM jobs WHERE id = \(job) AND stop_requested_by = \(portal.admin.id)") == 1)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE unique_key = \("stop/" + job.lower)") == 1)
        let detail = try portal.api("GET", "/admin/audit?action=person.disabled", as: portal.admin).json["items"]?.array
        #expect(detail?.compactMap { $0["detail"]?["jobs"]?.string } == ["abort", "finish"])
    }

    @Test func theLastAdminStays() throws {
        var portal = try Portal()
        // Whose credential signs for an environment stays an admin for that reason alone.
        try portal.owner("UPDATE environments SET service_object = 'automatic', credential = NULL")
        var admin = Browser(portal.admin)
        let path = "/admin/people/\(portal.admin.id.lower)"
        for (act, fields) in [("disable", [("jobs", "finish")]), ("role", [("role", "member")])] {
            let answer = try admin.act(&portal, path + "/" + act, fields)
            #expect(answer.status == 422 && answer.text.contains("This is the last admin."), "\(act)")
        }
        try portal.owner("UPDATE people SET role = 'admin' WHERE id = \(portal.stranger.id)")
        #expect(try admin.act(&portal, path + "/role", [("role", "member")]).headers.first("location") == "/sign-in")
        #expect(try portal.page("/jobs", as: portal.admin).status == 303)
        #expect(try portal.count("SELECT count(*) FROM people WHERE role = 'admin'") == 1)
    }

    /// Two admins who take each other's role at the same moment: one of them waits, and then is refused.
    @Test func twoAdminsDoNotRemoveEachOther() throws {
        let portal = try Portal()
        try portal.owner("UPDATE people SET role = 'admin' WHERE id = \(portal.stranger.id)")
        var first = try portal.database.connect(.web)
        var second = try portal.database.connect(.web)
        first.identity = portal.admin.session
        second.identity = portal.stranger.session
        try second.execute("SET lock_timeout = '100ms'")
        let (one, other) = (portal.admin.id, portal.stranger.id)
        try first.transaction { database in
            let outcome = try database.row("SELECT set_role(\(other), 'member')") { try $0.text(0) }
            #expect(outcome == "done")
            let error = #expect(throws: PostgresError.self) { try second.execute("SELECT set_role(\(one), 'member')") }
            #expect(error?.sqlState == "55P03")
        }
        let error = #expect(throws: PostgresError.self) { try second.execute("SELECT set_role(\(one), 'member')") }
        #expect(error?.sqlState == "42501")
    }

    @Test func aDeletedPersonLeavesJobsAndNoSecret() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.owner(
            """
            INSERT INTO credentials (owner, name, kind, access_key_hint, region, sealed)
            VALUES (\(portal.member.id), 'mine', 'accessKey', 'ABCD', 'us-local-1', '\\x01')
            """)
        var admin = Browser(portal.admin)
        let path = "/admin/people/\(portal.member.id.lower)"
        #expect(try admin.act(&portal, path + "/delete").status == 409)
        #expect(try portal.count("SELECT count(*) FROM people WHERE deleted_at IS NOT NULL") == 0)
        #expect(try admin.act(&portal, path + "/disable", [("jobs", "finish")]).status == 303)
        #expect(try admin.act(&portal, path + "/delete").status == 303)
        let seen = try portal.api("GET", "/jobs/\(job.lower)", as: portal.admin).json
        #expect(seen["owner"]?["name"]?.string == "Deleted person")
        #expect(
            try portal.count(
                "SELECT count(*) FROM credentials WHERE owner = \(portal.member.id) AND sealed IS NOT NULL") == 0)
        #expect(try portal.count("SELECT count(*) FROM people WHERE email LIKE 'mia%' OR name LIKE 'Mia%'") == 0)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'destroyOwnerKey'") == 1)
        #expect(try admin.act(&portal, path + "/enable").status == 409)
        #expect(try portal.count("SELECT count(*) FROM people WHERE disabled_at IS NULL") == 2)
    }

    @Test func anAdminEndsSomebodysSessions() throws {
        var portal = try Portal()
        var (admin, member) = (Browser(portal.admin), Browser(portal.member))
        let path = "/admin/people/\(portal.member.id.lower)/sessions/end"
        #expect(try member.act(&portal, path).status == 404)
        #expect(try portal.page("/jobs").status == 200)
        #expect(try admin.act(&portal, path).status == 303)
        #expect(try portal.page("/jobs").status == 303)
        #expect(try portal.api("GET", "/me").status == 200)
        #expect(try admin.get(&portal, "/admin/people").status == 200)
        #expect(try admin.act(&portal, "/admin/people/\(UUID().lower)/sessions/end").status == 404)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'sessions.ended'") == 1)
    }

    /// trust.md S8: everything that an admin does to people, from a session of eleven minutes ago.
    @Test func anOldSessionChangesNobody() throws {
        var portal = try Portal()
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        var admin = Browser(portal.admin)
        let person = "/admin/people/\(portal.member.id.lower)"
        let acts = [
            (person + "/role", [("role", "admin")]), (person + "/disable", [("jobs", "finish")]),
            (person + "/recovery", []), (person + "/teams", []), (person + "/environments", []),
            (person + "/limits", [("vcpuCount", "1")]),
            ("/admin/teams", [("name", "x")]),
            ("/admin/people/invite", [("email", "n@example.org"), ("name", "N"), ("role", "admin")]),
        ]
        for (path, fields) in acts {
            let answer = try admin.act(&portal, path, fields)
            #expect(answer.status == 422 && answer.text.contains("more than ten minutes"), "\(path)")
        }
        #expect(try portal.count("SELECT count(*) FROM one_time_links") == 0)
        #expect(try portal.count("SELECT count(*) FROM people WHERE role = 'admin'") == 1)
    }

    @Test func peopleAreListedForAdminsOverJSON() throws {
        var portal = try Portal()
        let first = try portal.api("GET", "/admin/users?limit=2", as: portal.admin).json
        #expect(first["items"]?.array?.compactMap { $0["email"]?.string } == ["ada@example.org", "mia@example.org"])
        let cursor = try #require(first["nextCursor"]?.string)
        let second = try portal.api("GET", "/admin/users?limit=2&cursor=\(cursor)", as: portal.admin).json
        #expect(second["items"]?.array?.compactMap { $0["email"]?.string } == ["sam@example.org"])
        #expect(second["nextCursor"] == .null)
        #expect(try portal.api("GET", "/admin/users").status == 404)
        #expect(try portal.api("GET", "/admin/users?x=1", as: portal.admin).status == 400)
    }
}

extension Browser {
    fileprivate func refused(_ portal: inout Portal, _ email: String) throws -> Bool {
        var copy = self
        return try copy.signIn(&portal, email).status == 422
    }
}

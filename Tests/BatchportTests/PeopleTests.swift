import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What admins do with people, and people with their own account (trust.md S5, S7, S11, S13, S23).
struct PeopleTests {
    private static let password = "another sentence, quite long"

    private func link(in answer: Answer) throws -> String {
        let start = try #require(answer.text.firstRange(of: "<code id=\"new-link\">"), "\(answer.text)")
        let address = String(answer.text[start.upperBound...].prefix { $0 != "<" })
        #expect(address.hasPrefix(Portal.origin + "/welcome/"))
        return String(address.dropFirst(Portal.origin.count))
    }

    @Test func anInvitationIsGoodOnce() throws {
        var portal = try Portal()
        let team = UUID()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'genomics')")
        var admin = Browser(portal.admin)
        let made = try admin.act(
            &portal, "/admin/people/invite",
            [("email", "new@example.org"), ("name", "New"), ("role", "member"), ("teams", team.uuidString)])
        let path = try link(in: made)
        #expect(try !admin.get(&portal, "/admin/people").text.contains(path))
        var guest = Browser()
        let page = try guest.get(&portal, path)
        #expect(page.status == 200 && page.text.contains("new@example.org"))
        #expect(try guest.post(&portal, path, [("name", ""), ("password", "short")], from: page).status == 422)
        let fields = [("name", "Newton"), ("password", Self.password)]
        #expect(try guest.post(&portal, path, fields, from: page).headers.first("location") == "/sign-in")
        #expect(try guest.signIn(&portal, "new@example.org", Self.password).status == 303)
        #expect(try guest.get(&portal, "/settings").text.contains("in genomics"))
        #expect(try guest.post(&portal, path, fields, from: page).status >= 400)
        var late = Browser()
        #expect(try late.get(&portal, path).status == 404)
    }

    @Test(
        arguments: [
            "UPDATE one_time_links SET expires_at = now()", "UPDATE one_time_links SET withdrawn_at = now()",
            "UPDATE one_time_links SET used_at = now()", "UPDATE one_time_links SET code_hash = sha256(code_hash)",
        ] as [SQL])
    func aLinkThatIsNotGoodTellsNothing(statement: SQL) throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let made = try admin.act(
            &portal, "/admin/people/invite", [("email", "new@example.org"), ("name", "New"), ("role", "admin")])
        let path = try link(in: made)
        var guest = Browser()
        let page = try guest.get(&portal, path)
        try portal.owner(statement)
        let gone = try guest.post(&portal, path, [("name", "N"), ("password", Self.password)], from: page)
        let nobodys = try guest.get(&portal, "/welcome/" + String(repeating: "A", count: 32))
        #expect(gone.status == 404 && gone.bytes == nobodys.bytes)
        #expect(try portal.count("SELECT count(*) FROM people") == 3)
    }

    @Test(arguments: [
        (["email": "x", "name": "", "role": "root", "teams": "1"], ["email", "name", "role", "teams"]),
        (["email": "mia@example.org", "name": "M", "role": "member"], ["email"]),
        (["email": "a@b", "name": "M", "role": "member", "teams": UUID().uuidString], ["teams"]),
    ])
    func badInvitationsAreNamed(fields: [String: String], bad: [String]) throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let answer = try admin.act(&portal, "/admin/people/invite", fields.map { ($0.key, $0.value) })
        #expect(answer.status == 422)
        for name in bad { #expect(answer.text.contains("href=\"#\(name)\""), "\(name)") }
        #expect(try portal.count("SELECT count(*) FROM one_time_links") == 0)
    }

    /// Of password and second factor at once: the sessions that a thief may have end too.
    @Test func aRecoveryLinkLetsInAgain() throws {
        var portal = try Portal()
        _ = try portal.giveFactor(portal.member)
        var admin = Browser(portal.admin)
        let made = try admin.act(&portal, "/admin/people/\(portal.member.id.lower)/recovery")
        let path = try link(in: made)
        var member = Browser()
        let page = try member.get(&portal, path)
        #expect(try member.post(&portal, path, [("password", Self.password)], from: page).status == 303)
        #expect(try portal.page("/jobs").status == 303)
        #expect(try member.signIn(&portal, portal.member.email).status == 422)
        #expect(try member.signIn(&portal, portal.member.email, Self.password).status == 303)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action LIKE 'person.recovered'") == 1)
    }

    @Test func theCommandLineRecoversAnAdmin() throws {
        var portal = try Portal()
        _ = try portal.giveFactor(portal.admin)
        var owner = try portal.database.connect(.migrate)
        let path = try Administration.recover(portal.admin.email, in: &owner)
        var admin = Browser()
        let page = try admin.get(&portal, path)
        #expect(try admin.post(&portal, path, [("password", Self.password)], from: page).status == 303)
        #expect(try admin.signIn(&portal, portal.admin.email, Self.password).status == 303)
        #expect(try admin.get(&portal, "/jobs").headers.first("location") == "/settings/second-factor")
        #expect(throws: Administration.Refusal.self) { try Administration.recover("x@example.org", in: &owner) }
    }

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

    @Test func aNewPasswordEndsOtherSessionsOnly() throws {
        var portal = try Portal()
        var (here, there) = (Browser(), Browser())
        #expect(try here.signIn(&portal, portal.member.email).status == 303)
        #expect(try there.signIn(&portal, portal.member.email).status == 303)
        let path = "/settings/password"
        let fields = [("old_password", Portal.password), ("new_password", Self.password)]
        #expect(try here.act(&portal, path, [("old_password", "x"), ("new_password", "y")]).status == 422)
        #expect(try here.act(&portal, path, fields).status == 303)
        #expect(try here.get(&portal, "/jobs").status == 200)
        #expect(try there.get(&portal, "/jobs").status == 303)
        #expect(try there.signIn(&portal, portal.member.email, Self.password).status == 303)
    }

    @Test func sessionsAreListedAndEnded() throws {
        var portal = try Portal()
        var (here, there) = (Browser(portal.member), Browser())
        #expect(try there.signIn(&portal, portal.member.email).status == 303)
        let id = try portal.database.sessionID("factor = false")
        #expect(try here.get(&portal, "/settings").text.contains(id.lower))
        var stranger = Browser(portal.stranger)
        #expect(try stranger.act(&portal, "/settings/sessions/\(id.lower)/end").status == 404)
        #expect(try there.get(&portal, "/jobs").status == 200)
        #expect(try here.act(&portal, "/settings/sessions/\(id.lower)/end").status == 303)
        #expect(try there.get(&portal, "/jobs").status == 303)
        #expect(try there.signIn(&portal, portal.member.email).status == 303)
        #expect(try here.act(&portal, "/settings/sessions/end-others").status == 303)
        #expect(try there.get(&portal, "/jobs").status == 303)
        #expect(try here.get(&portal, "/jobs").status == 200)
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

    /// Fields of others' forms, and such as only the database has, change nothing (S23).
    @Test func noFieldSlipsThrough() throws {
        var portal = try Portal()
        var member = Browser(portal.member)
        let extra = [("role", "admin"), ("is_admin", "true"), ("email", "x@x"), ("id", portal.admin.id.lower)]
        #expect(try member.act(&portal, "/settings/name", [("name", "Mia Again")] + extra).status == 303)
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM people WHERE id = \(portal.member.id) AND role = 'member' AND email = 'mia@example.org'
                    AND name = 'Mia Again'
                """) == 1)
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

extension TestDatabase {
    fileprivate func sessionID(_ condition: SQL) throws -> UUID {
        var owner = try connect(.superuser)
        return try owner.row("SELECT id FROM sessions WHERE \(fragment: condition)") { try $0.uuid(0) } ?? UUID()
    }
}

import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What people do with their own account (trust.md S13, S23).
struct OwnAccountTests {
    private static let password = "another sentence, quite long"

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

    /// Two may call themselves alike: the trail keeps both names, and shows the address beside.
    @Test func aNewNameIsTraceable() throws {
        var portal = try Portal()
        var member = Browser(portal.member)
        #expect(try member.act(&portal, "/settings/name", [("name", "Ada Admin")]).status == 303)
        let entry = try portal.api("GET", "/admin/audit?action=person.renamed", as: portal.admin).json["items"]?.array?
            .first
        #expect(
            entry?["detail"]?["from"]?.string == portal.member.name && entry?["detail"]?["to"]?.string == "Ada Admin")
        var admin = Browser(portal.admin)
        #expect(try admin.get(&portal, "/admin/audit?action=person.renamed").text.contains(portal.member.email))
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
}

extension TestDatabase {
    fileprivate func sessionID(_ condition: SQL) throws -> UUID {
        var owner = try connect(.superuser)
        return try owner.row("SELECT id FROM sessions WHERE \(fragment: condition)") { try $0.uuid(0) } ?? UUID()
    }
}

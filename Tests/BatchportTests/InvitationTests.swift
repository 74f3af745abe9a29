import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Links that are good once: for those who are invited, and for those who cannot get in any more (trust.md S5, S7).
struct InvitationTests {
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
        let joined = try guest.post(&portal, path, fields, from: page)
        #expect(joined.status == 200 && joined.text.contains("You have joined."))
        #expect(joined.field("form_token") != nil && joined.text.contains("value=\"new@example.org\""))
        #expect(try guest.signIn(&portal, "new@example.org", Self.password).status == 303)
        #expect(try guest.get(&portal, "/settings").text.contains("in genomics"))
        #expect(try guest.post(&portal, path, fields, from: page).status >= 400)
        var late = Browser()
        let gone = try late.get(&portal, path)
        #expect(gone.status == 404 && gone.text.contains("If you have used it yourself"))
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
        let done = try member.post(&portal, path, [("password", Self.password)], from: page)
        #expect(done.status == 200 && done.text.contains("Your new password is set."))
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
        #expect(try admin.post(&portal, path, [("password", Self.password)], from: page).status == 200)
        #expect(try admin.signIn(&portal, portal.admin.email, Self.password).status == 303)
        #expect(try admin.get(&portal, "/jobs").headers.first("location") == "/settings/second-factor")
        #expect(throws: Administration.Refusal.self) { try Administration.recover("x@example.org", in: &owner) }
    }
}

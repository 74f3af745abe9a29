import HTTP
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// People whom the site has authenticated before the portal is asked: only where the setting says so, only by the
/// parameter that nginx alone sets.
struct TrustedUserTests {
    private func goOn(_ browser: inout Browser, _ portal: inout Portal) throws -> Answer {
        let page = try browser.get(&portal, "/sign-in?next=%2Fenvironments")
        return try browser.post(&portal, "/sign-in/site", [("next", "/environments")], from: page)
    }

    @Test func countsForNothingUnlessItIsSwitchedOn() throws {
        var portal = try Portal()
        portal.remoteUser = portal.member.email
        var browser = Browser()
        #expect(try !browser.get(&portal, "/sign-in").text.contains("Go on as"))
        #expect(try goOn(&browser, &portal).status == 404)
        #expect(try browser.get(&portal, "/jobs").status == 303)
    }

    @Test func isOneFormAwayFromASession() throws {
        var portal = try Portal(trustsRemoteUser: true)
        portal.remoteUser = "MIA@example.org"
        var browser = Browser()
        #expect(try browser.get(&portal, "/jobs").status == 303)
        #expect(try browser.get(&portal, "/sign-in").text.contains("Go on as MIA@example.org"))
        // Reading opens nothing, and neither does a form from elsewhere.
        #expect(try portal.count("SELECT count(*) FROM sessions WHERE NOT factor") == 0)
        let forged = try portal.send(
            "POST", "/sign-in/site", browser.line + [("sec-fetch-site", "cross-site")], body: Array("next=%2Fjobs".utf8)
        )
        #expect(forged.status == 403)
        let answer = try goOn(&browser, &portal)
        #expect(answer.status == 303 && answer.headers.first("location") == "/environments")
        #expect(try browser.get(&portal, "/jobs").status == 200)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'session.opened'") == 1)
    }

    @Test func aSecondFactorIsStillAskedFor() throws {
        var portal = try Portal(trustsRemoteUser: true)
        let secret = try portal.giveFactor(portal.admin)
        portal.remoteUser = portal.admin.email
        var browser = Browser()
        let page = try goOn(&browser, &portal)
        #expect(page.status == 200 && browser.cookies["__Host-batchport"] == nil)
        #expect(try browser.code(&portal, portal.code(secret), page).status == 303)
        #expect(try browser.get(&portal, "/admin/people").status == 200)
    }

    @Test(arguments: ["nobody@example.org", "sam@example.org", "'; DROP TABLE people; --", "<script>alert(1)</script>"])
    func whoIsNotHereIsToldSo(address: String) throws {
        var portal = try Portal(trustsRemoteUser: true)
        try portal.owner("UPDATE people SET disabled_at = now() WHERE email = 'sam@example.org'")
        portal.remoteUser = address
        var browser = Browser()
        let answer = try goOn(&browser, &portal)
        #expect(answer.status == 422 && answer.text.contains("Ask an admin for an invitation."))
        #expect(!answer.text.contains("<script>alert"))
        #expect(browser.cookies["__Host-batchport"] == nil)
    }

    /// Somebody else sits at the browser now: what the first one left open is closed.
    @Test func anothersSessionIsNone() throws {
        var portal = try Portal(trustsRemoteUser: true)
        #expect(try portal.page("/jobs").status == 200)
        portal.remoteUser = portal.stranger.email
        #expect(try portal.page("/jobs").status == 303)
        #expect(try portal.page("/jobs", as: portal.stranger).status == 200)
        // Programs come by their tokens, whoever else is named.
        #expect(try portal.api("GET", "/me").json["email"]?.string == portal.member.email)
    }

    @Test func aHeaderOfThatNameIsOnlyAHeader() throws {
        var portal = try Portal(trustsRemoteUser: true)
        for name in ["remote-user", "remote_user", "x-remote-user", "x-auth-request-email"] {
            let page = try portal.send("GET", "/sign-in", [(name, portal.member.email)])
            #expect(page.status == 200 && !page.text.contains("Go on as"), "\(name)")
        }
    }
}

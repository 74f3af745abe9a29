import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// How many tokens, credentials and ExternalIds a person may have, so that none is out of sight; and their end.
struct QuotaTests {
    private func limit(_ name: String, _ value: Int, _ portal: borrowing Portal) throws {
        try portal.owner("UPDATE limits SET value = \(value) WHERE name = \(name)")
    }

    @Test func tokensHaveOne() throws {
        var portal = try Portal()
        try limit("token.mostPerPerson", 2, portal)
        var member = Browser(portal.member)
        let fields = [("name", "cron <1>"), ("scopes", "jobs:read"), ("days", "7")]
        #expect(try member.act(&portal, "/tokens", fields).status == 200)
        let refused = try member.act(&portal, "/tokens", fields)
        #expect(refused.status == 422 && refused.text.contains("(the limit token.mostPerPerson)"))
        #expect(refused.field("name") == nil && refused.text.contains("value=\"cron &lt;1&gt;\""))
        // What ran out or was ended is no longer counted; what another has never was.
        try portal.owner("UPDATE tokens SET expires_at = now() - interval '1 s' WHERE name = 'cron <1>'")
        #expect(try member.act(&portal, "/tokens", fields).status == 200)
        try portal.owner("UPDATE tokens SET revoked_at = now() WHERE name = 'cron <1>'")
        #expect(try member.act(&portal, "/tokens", fields).status == 200)
        var stranger = Browser(portal.stranger)
        #expect(try stranger.act(&portal, "/tokens", fields).status == 200)
    }

    @Test func filesForLaterHaveOne() throws {
        var portal = try Portal()
        try limit("upload.mostPerPerson", 2, portal)
        func announce(_ size: Int, _ portal: inout Portal) throws -> Answer {
            try portal.api(
                "POST", "/uploads", ["environment": "local", "name": "a", "size": JSONValue(size)])
        }
        #expect(try announce(1 << 20, &portal).status == 201)
        #expect(try announce(1 << 20, &portal).status == 201)
        let refused = try announce(1, &portal)
        #expect(refused.status == 422 && refused.json["errors"]?[0]?["limit"] == 2)
        #expect(refused.text.contains("(the limit upload.mostPerPerson)"))
        try limit("upload.mostPerPerson", 100, portal)
        try limit("upload.mostBytesPerPerson", 3 << 20, portal)
        #expect(try announce(1 << 20, &portal).status == 201)
        #expect(try announce(1, &portal).text.contains("3.0 MiB of files on their way"))
        // What has got to the bucket, or ran out, is no longer counted.
        try portal.owner("UPDATE uploads SET key = 'k' WHERE owner = \(portal.member.id)")
        #expect(try announce(1, &portal).status == 201)
    }

    /// The quota's most is less than what the page shows.
    @Test func allOfThemAreListed() throws {
        var portal = try Portal()
        try limit("token.mostPerPerson", 500, portal)
        try portal.owner(
            """
            INSERT INTO tokens (token_hash, person, name, hint, scopes, expires_at)
            SELECT sha256(n::text::bytea), \(portal.member.id), 'token ' || n || '.', 'abcd', '{jobs:read}', now() + interval '1 day'
            FROM generate_series(1, 499) n
            """)
        let page = try portal.page("/tokens").text
        #expect((1...499).allSatisfy { page.contains("token \($0).") })
    }

    @Test func credentialsHaveOne() throws {
        var portal = try Portal()
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), true, '')"])
        try limit("credential.mostPerPerson", 1, portal)
        var member = Browser(portal.member)
        func add(_ name: String) throws -> Answer {
            try member.act(
                &portal, "/credentials",
                [
                    ("name", name), ("access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("region", "eu-central-1"),
                    ("secret_access_key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                ])
        }
        #expect(try add("one").status == 303)
        let refused = try add("two")
        #expect(refused.status == 422 && refused.text.contains("(the limit credential.mostPerPerson)"))
        try portal.owner("UPDATE credentials SET deleted_at = now(), ingress = NULL WHERE owner = \(portal.member.id)")
        #expect(try add("two").status == 303)
    }

    @Test func externalIDsHaveOne() throws {
        var portal = try Portal()
        try limit("credential.mostExternalIDs", 1, portal)
        var member = Browser(portal.member)
        let path = "/credentials/external-ids"
        for _ in 0..<2 { #expect(try member.act(&portal, path, [("account", "123456789012")]).status == 303) }
        let refused = try member.act(&portal, path, [("account", "123456789013")])
        #expect(refused.status == 409 && refused.text.contains("credential.mostExternalIDs"))
    }

    @Test func theyAreOnTheLimitsPage() throws {
        var portal = try Portal()
        let page = try portal.page("/admin/limits", as: portal.admin).text
        for name in ["token.mostPerPerson", "credential.mostPerPerson", "credential.mostExternalIDs"] {
            #expect(page.contains("name=\"\(name)\""))
        }
    }

    @Test func anAdminEndsSomebodysTokens() throws {
        var portal = try Portal()
        var (admin, member) = (Browser(portal.admin), Browser(portal.member))
        let path = "/admin/people/\(portal.member.id.lower)"
        #expect(try member.act(&portal, path + "/tokens/end").status == 404)
        #expect(try admin.get(&portal, path).text.contains("1 in force."))
        #expect(try portal.api("GET", "/me").status == 200)
        #expect(try admin.act(&portal, path + "/tokens/end").status == 303)
        #expect(try portal.api("GET", "/me").status == 401)
        #expect(try portal.page("/jobs").status == 200)
        #expect(try portal.api("GET", "/me", as: portal.stranger).status == 200)
        #expect(try admin.get(&portal, path).text.contains("0 in force."))
        #expect(
            try portal.count("SELECT count(*) FROM audit WHERE action = 'tokens.ended' AND detail->>'count' = '1'") == 1
        )
        #expect(try admin.act(&portal, "/admin/people/\(UUID().lower)/tokens/end").status == 404)
    }
}

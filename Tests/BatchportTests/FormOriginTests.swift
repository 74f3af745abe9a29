import Batchport
import JSON
import PostgreSQL
import Testing

/// Every combination of where a form says it comes from and what it brings back (trust.md S14).
struct FormOriginTests {
    static let sites: [String?] = ["same-origin", "same-site", "cross-site", "none", nil]
    static let origins: [String?] = [Portal.origin, "http://evil.test", "null", nil]
    static let tokens = ["own", "another's", "wrong", "none"]

    @Test func onlyOwnPagesPass() throws {
        var portal = try Portal()
        let own = try portal.formToken()
        let others = try portal.formToken(as: portal.stranger)
        var passed: [[String?]] = []
        for site in Self.sites {
            for origin in Self.origins {
                for token in Self.tokens {
                    let value = ["own": own, "another's": others, "wrong": "x"][token]
                    var headers: [(String, String)] = []
                    if let site { headers.append(("sec-fetch-site", site)) }
                    if let origin { headers.append(("origin", origin)) }
                    let fields = [("name", "t"), ("scopes", "jobs:read")] + (value.map { [("form_token", $0)] } ?? [])
                    let answer = try portal.form("/tokens", fields, headers)
                    if answer.status != 403 { passed.append([site, origin, token]) }
                }
            }
        }
        #expect(
            passed == [
                ["same-origin", Portal.origin, "own"], ["same-origin", nil, "own"], [nil, Portal.origin, "own"],
            ])
        #expect(try portal.count("SELECT count(*) FROM tokens WHERE name = 't'") == 3)
    }

    @Test func theAPITakesNoCookieButForReading() throws {
        var portal = try Portal()
        let cookie = ("cookie", "__Host-batchport=" + portal.member.session)
        #expect(try portal.send("GET", "/api/v1/me", [cookie]).status == 401)
        #expect(try portal.send("GET", "/api/v1/me", [cookie, ("sec-fetch-site", "same-origin")]).status == 200)
        #expect(try portal.send("GET", "/api/v1/me", [cookie, ("sec-fetch-site", "cross-site")]).status == 401)
        let post = try portal.send(
            "POST", "/api/v1/jobs",
            [
                cookie, ("sec-fetch-site", "same-origin"), ("content-type", "application/json"),
                ("idempotency-key", "k"),
            ],
            body: portal.submission().serialized())
        #expect(post.status == 401)
        #expect(try portal.send("GET", "/jobs", [("authorization", "Bearer " + portal.member.token)]).status == 303)
        #expect(try portal.send("GET", "/jobs", [("cookie", "__Host-batchport=" + portal.member.token)]).status == 303)
    }

    @Test func aFormBeforeSignInIsBoundToItsBrowser() throws {
        var portal = try Portal()
        let page = try portal.send("GET", "/sign-in")
        let token = try #require(page.field("form_token"))
        let body = Array("form_token=\(token)&email=a&password=b".utf8)
        let from = [("sec-fetch-site", "same-origin")]
        #expect(try portal.send("POST", "/sign-in", from, body: body).status == 403)
        #expect(
            try portal.send("POST", "/sign-in", from + [("cookie", "__Host-batchport-form=other")], body: body).status
                == 403)
    }
}

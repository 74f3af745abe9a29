import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// API tokens: what they are made of, what they may, for how long, and where (trust.md S49, S50).
struct TokenTests {
    /// Strings that merely look like tokens, and half of them with a good checksum's length: none reaches the database.
    @Test func randomStringsReachNoDatabase() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var formed = 0
        for _ in 0..<100_000 {
            let body = (0..<33).map { _ in alphabet[Int.random(in: 0..<62, using: &generator)] }
            if TokenSecret.isWellFormed("bp_" + String(decoding: body, as: UTF8.self)) { formed += 1 }
        }
        #expect(formed == 0)
    }

    /// Such a string is refused without a look at the database: the connection's next statement finds no identity set.
    @Test func aMisspeltTokenIsNotLookedUp() throws {
        var portal = try Portal()
        let token = portal.member.token
        let last: Character = token.last == "0" ? "1" : "0"
        let misspelt = token.dropLast() + String(last)
        #expect(try portal.send("GET", "/api/v1/me", [("authorization", "Bearer " + misspelt)]).status == 401)
        #expect(portal.scope.database.identity == nil)
        #expect(try portal.send("GET", "/api/v1/me", [("authorization", "Bearer " + token)]).status == 200)
        #expect(portal.scope.database.identity == token)
    }

    @Test func sinksIntoNoPageNorList() throws {
        var portal = try Portal()
        var browser = Browser(portal.member)
        let made = try browser.act(&portal, "/tokens", [("name", "cron"), ("scopes", "jobs:read"), ("days", "5")])
        let start = try #require(made.text.firstRange(of: "<code id=\"new-token\">"))
        let secret = String(made.text[start.upperBound...].prefix(36))
        #expect(try !browser.get(&portal, "/tokens").text.contains(secret))
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM tokens WHERE name = 'cron' AND expires_at BETWEEN now() + interval '4 days 23 hours'
                    AND now() + interval '5 days 1 hour' AND token_hash = \(sha256(Array(secret.utf8)))
                """) == 1)
        #expect(try portal.send("GET", "/api/v1/jobs", [("authorization", "Bearer " + secret)]).status == 200)
        try portal.owner("UPDATE tokens SET expires_at = now() - interval '1 s' WHERE name = 'cron'")
        #expect(try portal.send("GET", "/api/v1/jobs", [("authorization", "Bearer " + secret)]).status == 401)
    }

    @Test(arguments: [
        (
            [("name", ""), ("scopes", "x"), ("days", "0"), ("environments", "x")],
            ["name", "scopes", "days", "environments"]
        ),
        ([("name", "a"), ("scopes", "jobs:read"), ("days", "367")], ["days"]),
        ([("name", "a"), ("scopes", "jobs:read"), ("days", "1.5")], ["days"]),
        ([("name", "a"), ("scopes", "jobs:read"), ("environments", UUID().uuidString)], ["environments"]),
        ([("name", "a"), ("scopes", "admin")], ["scopes"]),
    ])
    func badEntriesAreNamed(fields: [(String, String)], bad: [String]) throws {
        var portal = try Portal()
        var browser = Browser(portal.member)
        let answer = try browser.act(&portal, "/tokens", fields)
        #expect(answer.status == 422)
        for name in bad { #expect(answer.text.contains("href=\"#\(name)\""), "\(name)") }
        #expect(try portal.count("SELECT count(*) FROM tokens") == 3)
    }

    /// A token for one environment sees, submits to and reads nothing of another.
    @Test func holdsWithinItsEnvironmentsOnly() throws {
        var portal = try Portal()
        let inside = try portal.submitted()
        let elsewhere = UUID()
        try portal.owner(
            """
            INSERT INTO environments (id, name, region, account, io_bucket, job_definition, job_queue, service_object,
                languages, definition, definition_arn, checked_at, healthy, findings)
            SELECT \(elsewhere), 'other', region, account, io_bucket, job_definition, job_queue, 'automatic', languages,
                definition, definition_arn, checked_at, healthy, findings FROM environments
            """)
        try portal.owner("INSERT INTO environment_grants (environment) VALUES (\(elsewhere))")
        #expect(try portal.api("GET", "/environments").json["items"]?.array?.count == 2)
        try portal.owner("UPDATE tokens SET environments = ARRAY[\(elsewhere)]")
        #expect(
            try portal.api("GET", "/environments").json["items"]?.array?.compactMap { $0["name"]?.string } == ["other"])
        #expect(try portal.api("GET", "/jobs").json["items"]?.array?.isEmpty == true)
        #expect(try portal.api("GET", "/jobs", as: portal.admin).json["items"]?.array?.isEmpty == true)
        let theirs = try portal.api("GET", "/jobs/\(inside.lower)")
        #expect(theirs.status == 404)
        #expect(try theirs.bytes == portal.api("GET", "/jobs/\(UUID().lower)").bytes)
        #expect(try portal.submit(portal.submission()).status >= 400)
        #expect(try portal.api("POST", "/uploads", ["environment": "local", "name": "a", "size": 1]).status >= 400)
        #expect(try portal.page("/jobs").text.contains(inside.lower))
        try portal.owner("UPDATE tokens SET environments = ARRAY[\(portal.environment), \(elsewhere)]")
        #expect(try portal.api("GET", "/jobs/\(inside.lower)").status == 200)
        #expect(try portal.submit(portal.submission()).status == 201)
    }
}

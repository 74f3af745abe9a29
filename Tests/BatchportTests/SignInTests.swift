import Batchport
import Cryptography
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// Sign-in, sessions, lock-out, the first admin (trust.md S1 to S13).
struct SignInTests {
    @Test func signsInAndOut() throws {
        var portal = try Portal()
        var browser = Browser()
        let answer = try browser.signIn(&portal, "MIA@example.org", Portal.password, next: "/environments")
        #expect(answer.status == 303)
        #expect(answer.headers.first("location") == "/environments")
        for cookie in answer.headers.all("set-cookie") {
            #expect(cookie.hasPrefix("__Host-") && cookie.utf8.count < 4096)
            for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] { #expect(cookie.contains(part)) }
        }
        let jobs = try portal.send("GET", "/jobs", browser.line)
        #expect(jobs.status == 200)
        #expect(jobs.headers.first("cache-control") == "no-store")
        let token = try #require(jobs.field("form_token"))
        let out = try portal.send(
            "POST", "/sign-out", browser.line + [("sec-fetch-site", "same-origin")],
            body: Array("form_token=\(token)".utf8))
        #expect(out.status == 303)
        #expect(try portal.send("GET", "/jobs", browser.line).headers.first("location") == "/sign-in?next=%2Fjobs")
    }

    @Test func aNewSessionReplacesTheOneBefore() throws {
        var portal = try Portal()
        var browser = Browser()
        _ = try browser.signIn(&portal, "mia@example.org", Portal.password)
        let first = browser
        browser.cookies["__Host-batchport-form"] = nil
        // As someone would who signs in again while signed in: the old form's cookie is gone, the session is not.
        browser.cookies["__Host-batchport"] = nil
        let page = try portal.send("GET", "/sign-in", browser.line)
        browser.take(page)
        let fields =
            "form_token=\(try #require(page.field("form_token")))&email=mia%40example.org&password="
            + percentEncode(Portal.password)
        let again = try portal.send(
            "POST", "/sign-in", browser.line + [("sec-fetch-site", "same-origin")], body: Array(fields.utf8))
        #expect(again.status == 303)
        browser.take(again)
        #expect(browser.cookies["__Host-batchport"] != first.cookies["__Host-batchport"])
    }

    @Test func nobodyLearnsWhichAddressesExist() throws {
        var portal = try Portal()
        func refused(_ email: String, _ portal: inout Portal) throws -> String {
            var browser = Browser()
            let answer = try browser.signIn(&portal, email, "not the right one")
            #expect(answer.status == 422)
            let token = answer.field("form_token") ?? ""
            return answer.text.replacing(email, with: "EMAIL").replacing(token, with: "TOKEN")
        }
        try portal.owner("UPDATE people SET disabled_at = now() WHERE id = \(portal.stranger.id)")
        let known = try refused("mia@example.org", &portal)
        #expect(try refused("nobody@example.org", &portal) == known)
        #expect(try refused("sam@example.org", &portal) == known)
    }

    @Test func tenWrongPasswordsLockButNotOnAKnownDevice() throws {
        var portal = try Portal()
        var known = Browser()
        #expect(try known.signIn(&portal, "mia@example.org", Portal.password).status == 303)
        try portal.owner("UPDATE people SET failures = 9 WHERE id = \(portal.member.id)")
        var attacker = Browser()
        #expect(try attacker.signIn(&portal, "mia@example.org", "the tenth wrong one").status == 422)
        #expect(
            try portal.count(
                "SELECT (locked_until > now() + interval '25 s')::int FROM people WHERE email = 'mia@example.org'") == 1
        )
        #expect(try attacker.signIn(&portal, "mia@example.org", Portal.password).status == 422)
        known.cookies["__Host-batchport"] = nil
        #expect(try known.signIn(&portal, "mia@example.org", Portal.password).status == 303)
        #expect(try portal.count("SELECT failures FROM people WHERE email = 'mia@example.org'") == 0)
    }

    @Test(arguments: [
        "//evil.example/x", "/\\evil.example", "https:evil.example", "https://evil.example", "/jobs\r\nX: y", "",
    ])
    func leadsNowhereElse(target: String) throws {
        var portal = try Portal()
        var browser = Browser()
        let answer = try browser.signIn(&portal, "mia@example.org", Portal.password, next: target)
        #expect(answer.headers.first("location") == "/jobs")
    }

    @Test(
        arguments: [
            "UPDATE sessions SET ended_at = now()", "UPDATE sessions SET seen_at = now() - interval '3601 s'",
            "UPDATE sessions SET ends_at = now()", "UPDATE people SET disabled_at = now()",
            "UPDATE sessions SET token_hash = sha256(token_hash)",
        ] as [SQL])
    func aSessionEndsAtOnce(statement: SQL) throws {
        var portal = try Portal()
        #expect(try portal.page("/jobs").status == 200)
        try portal.owner(statement)
        #expect(try portal.page("/jobs").status == 303)
    }

    @Test func whatTheDatabaseHoldsOpensNothing() throws {
        var portal = try Portal()
        var database = try portal.database.connect(.migrate)
        let stored = try database.rows("SELECT token_hash FROM sessions UNION ALL SELECT token_hash FROM tokens") {
            try $0.bytes(0)
        }
        for bytes in stored {
            for text in [hex(bytes), base64URL(bytes), base64(bytes)] {
                #expect(try portal.send("GET", "/jobs", [("cookie", "__Host-batchport=\(text)")]).status != 200)
                #expect(try portal.send("GET", "/api/v1/me", [("authorization", "Bearer \(text)")]).status == 401)
            }
        }
    }

    @Test func aSessionIsTouchedOnceAMinute() throws {
        var portal = try Portal()
        try portal.owner("UPDATE sessions SET seen_at = now() - interval '2 min'")
        #expect(try portal.page("/jobs").status == 200)
        #expect(try portal.count("SELECT count(*) FROM sessions WHERE seen_at > now() - interval '1 min'") == 1)
    }

    @Test func theFirstAdminsCodeIsSpokenOfUntilThereIsOne() throws {
        var portal = try Portal()
        #expect(try !portal.send("GET", "/sign-in").text.contains("/first-admin"))
        try portal.owner("UPDATE people SET role = 'member'")
        #expect(try portal.send("GET", "/sign-in").text.contains("/first-admin"))
    }

    @Test func theFirstAdminIsMadeOnceByCode() throws {
        var portal = try Portal()
        try portal.owner("UPDATE people SET role = 'member'")
        let code = "abcd-efgh-ijkl-mnop-qrst"
        try portal.owner("INSERT INTO first_admin_codes (code_hash) VALUES (\(FirstAdmin.hash(of: code)))")
        func claim(_ code: String, _ password: String, _ portal: inout Portal) throws -> Answer {
            var browser = Browser()
            let page = try portal.send("GET", "/first-admin")
            browser.take(page)
            let fields = [
                ("form_token", page.field("form_token") ?? ""), ("code", code), ("name", "Root"),
                ("email", "root@example.org"), ("password", password),
            ]
            let text = fields.map { percentEncode($0.0) + "=" + percentEncode($0.1) }.joined(separator: "&")
            return try portal.send(
                "POST", "/first-admin", browser.line + [("sec-fetch-site", "same-origin")], body: Array(text.utf8))
        }
        #expect(try claim("wrong", "quite a long password, mine", &portal).status == 422)
        #expect(try claim(code, "fourteen chars", &portal).status == 422)
        #expect(try claim(code, "passwordpassword", &portal).status == 422)
        #expect(try claim("ABCDEFGH ijkl-mnop qrst", "quite a long password, mine", &portal).status == 303)
        #expect(try claim(code, "quite a long password, mine", &portal).status == 422)
        #expect(
            try portal.count("SELECT count(*) FROM people WHERE role = 'admin' AND email = 'root@example.org'") == 1)
        #expect(
            try portal.count(
                """
                SELECT count(*) FROM audit JOIN people p ON p.id = subject WHERE action = 'person.added'
                    AND p.email = 'root@example.org' AND detail->>'role' = 'admin'
                """) == 1)
    }
}

/// Stored form and rules of passwords.
struct PasswordTests {
    @Test func tellsApartWhatDiffersAnywhere() throws {
        let pepper = Portal.pepper
        let long = String(repeating: "x", count: 199)
        let stored = try Password.store(long + "a", pepper: pepper)
        #expect(stored.hasPrefix("scrypt$32768$8$3$"))
        #expect(try Password.matches(long + "a", stored: stored, pepper: pepper))
        #expect(try !Password.matches(long + "b", stored: stored, pepper: pepper))
        #expect(try !Password.matches(long + "a", stored: stored, pepper: [1]))
        let withNUL = try Password.store("a\0b", pepper: pepper)
        #expect(try !Password.matches("a\0c", stored: withNUL, pepper: pepper))
        #expect(try !Password.matches("a", stored: withNUL, pepper: pepper))
        // NFKC: the ligature is the two letters.
        #expect(try Password.matches("ﬁnal", stored: Password.store("final", pepper: pepper), pepper: pepper))
    }

    @Test(arguments: [
        "fourteen chars", "batchportbatchport", "passwordpassword", "aaaaaaaaaaaaaaaaaaaa", "mias, mias, mias!",
    ])
    func refusesWeakOnes(password: String) throws {
        let known = try Portal.knownPasswords.get()
        #expect(Password.objection(password, about: ["mias", "Mia"], known: known) != nil)
        #expect(Password.objection("correct horse battery staple", about: [], known: known) == nil)
        #expect(Password.objection(String(repeating: "ab1c ", count: 30), about: [], known: known) == nil)
    }

    /// One's own name and address, written in any way.
    @Test(arguments: [
        "ada.lovelace@example.org", "Ada Byron Lovelace", "adalovelaceadalovelace", "LOVELACE lovelace",
        "ada.byron.lovelace!",
        "Ada.Lovelace@Example.Org ada.lovelace@example.org",
    ])
    func refusesOnesOwnNames(password: String) throws {
        let known = try Portal.knownPasswords.get()
        let own = ["ada.lovelace@example.org", "Ada Byron Lovelace"]
        #expect(Password.objection(password, about: own, known: known) != nil)
        #expect(Password.objection(password, about: [], known: known) == nil)
        #expect(Password.objection(password + " and more", about: own, known: known) == nil)
    }
}

import Cryptography
import FoundationEssentials
import PostgreSQL
import Processes
import TestSupport
import Testing

@testable import Batchport

/// The attacks of trust.md S1 to S12 on accounts and sessions that no other suite runs.
struct AccountAttackTests {
    // MARK: Passwords

    /// S1: what a dump has of every password is at the floor or above it.
    @Test func everyStoredPasswordIsAtTheFloor() throws {
        let portal = try Portal()
        var owner = try portal.database.connect(.superuser)
        let stored = try owner.rows("SELECT password FROM people WHERE password <> ''") { try $0.text(0) }
        #expect(stored.count == 3)
        for text in stored {
            let parts = text.split(separator: "$").map(String.init)
            let (n, r, p) = (Int(parts[1]) ?? 0, Int(parts[2]) ?? 0, Int(parts[3]) ?? 0)
            #expect(parts[0] == "scrypt" && r == 8)
            #expect((n >= 1 << 17 && p >= 1) || (n >= 1 << 16 && p >= 2) || (n >= 1 << 15 && p >= 3))
            #expect(unbase64(parts[4])?.count == 16 && unbase64(parts[5])?.count == 32)
        }
        #expect(Set(stored.map { $0.split(separator: "$")[4] }).count == 1, "the fixture hashes once, and only it may")
    }

    /// S1: with the dump but without the pepper, not even a list that has the password finds it.
    @Test func aDumpWithoutThePepperGivesNoPasswordAway() throws {
        let words = ["password", "123456789", "qwertyuiop"]
        for word in words {
            let stored = try Password.store(word, pepper: Portal.pepper)
            #expect(try Password.matches(word, stored: stored, pepper: Portal.pepper))
            for pepper in [[], [UInt8](repeating: 0, count: 32), Array(word.utf8)] {
                #expect(try !Password.matches(word, stored: stored, pepper: pepper))
            }
        }
    }

    /// S3: no word of the list gets by, whole or repeated up to the least length.
    @Test func noWordOfTheListIsTaken() throws {
        let known = try Portal.knownPasswords.get()
        let text = String(
            decoding: try File.read(Repository.folder("deploy") + "/known-passwords.txt"), as: UTF8.self)
        let words = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        #expect(words.count >= 3000)
        for word in words {
            for times in 1...4 {
                let password = String(repeating: word, count: times)
                #expect(Password.objection(password, about: [], known: known) != nil, "\(password)")
            }
        }
    }

    // MARK: Guessing

    /// S4: of a run of guesses ten are compared, whatever address they come from; the owner, in a browser of theirs, gets in.
    @Test func aRunOfGuessesIsCutOff() throws {
        var portal = try Portal()
        var owner = Browser()
        #expect(try owner.signIn(&portal, portal.member.email).status == 303)
        owner.cookies["__Host-batchport"] = nil
        for n in 0..<25 {
            var attacker = Browser()
            #expect(try attacker.signIn(&portal, portal.member.email, "guess number \(n)").status == 422)
        }
        #expect(try portal.count("SELECT failures FROM people WHERE id = \(portal.member.id)") == 10)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'signIn.failed'") == 10)
        #expect(try owner.signIn(&portal, portal.member.email).status == 303)
    }

    /// S4: a hundred in all, at the most one an hour by then; no browser is known any more.
    @Test func beyondAHundredNoDeviceHelps() throws {
        var portal = try Portal()
        var owner = Browser()
        #expect(try owner.signIn(&portal, portal.member.email).status == 303)
        owner.cookies["__Host-batchport"] = nil
        try portal.owner("UPDATE people SET failures = 99 WHERE id = \(portal.member.id)")
        var attacker = Browser()
        #expect(try attacker.signIn(&portal, portal.member.email, "one more guess").status == 422)
        let locked: SQL = """
            SELECT (locked_until > now() + interval '59 min')::int FROM people WHERE id = \(portal.member.id)
            """
        #expect(try portal.count(locked) == 1)
        #expect(try owner.signIn(&portal, portal.member.email).status == 422)
    }

    // MARK: The first admin

    /// S7: there is nobody whom a default lets in.
    @Test func noDefaultLetsAnybodyIn() throws {
        var portal = try Portal()
        let names = ["admin", "root", "batchport", "admin@example.org", "admin@localhost"]
        for (email, password) in zip(names + names, ["admin", "password", "batchport", "", "changeme"] + names) {
            var browser = Browser()
            #expect(try browser.signIn(&portal, email, password).status == 422, "\(email) \(password)")
        }
        #expect(try portal.count("SELECT count(*) FROM sessions") == 3)
    }

    /// S7: an hour after it was printed the code is worth nothing.
    @Test(arguments: [(59, 303), (61, 422)])
    func theFirstAdminsCodeRunsOut(minutes: Int, status: Int) throws {
        var portal = try Portal()
        try portal.owner("UPDATE people SET role = 'member'")
        try portal.owner(
            """
            INSERT INTO first_admin_codes (code_hash, created_at)
            VALUES (\(FirstAdmin.hash(of: "abcde-fghij")), now() - \(minutes) * interval '1 min')
            """)
        var browser = Browser()
        let fields = [
            ("code", "abcde-fghij"), ("name", "Root"), ("email", "root@example.org"),
            ("password", "quite a long password, mine"),
        ]
        let page = try browser.get(&portal, "/first-admin")
        #expect(try browser.post(&portal, "/first-admin", fields, from: page).status == status)
    }

    // MARK: Sessions

    /// S11: a cookie that somebody else has put there before is worth nothing after.
    @Test func aCookieSetBeforeIsNotTaken() throws {
        var portal = try Portal()
        let planted = base64URL(randomBytes(32))
        var browser = Browser()
        browser.cookies["__Host-batchport"] = planted
        #expect(try browser.signIn(&portal, portal.member.email).status == 303)
        #expect(browser.cookies["__Host-batchport"] != planted)
        #expect(try portal.send("GET", "/jobs", [("cookie", "__Host-batchport=" + planted)]).status == 303)
        #expect(try browser.get(&portal, "/jobs").status == 200)
    }

    struct End: Sendable {
        let role: String
        let column: String
        let seconds: Int
    }

    /// S12: shortly before its end a session is one, a second after it is none; by the database's clock alone, which the
    /// web's may be an hour away from.
    @Test(
        arguments: [
            End(role: "member", column: "seen_at", seconds: 3600), End(role: "admin", column: "seen_at", seconds: 900),
            End(role: "member", column: "ends_at", seconds: 86_400),
            End(role: "admin", column: "ends_at", seconds: 43_200),
        ], [-3_600_000, 0, 3_600_000] as [Int64])
    func aSessionEndsOnTime(end: End, clockAhead: Int64) throws {
        var portal = try Portal(clockAhead: clockAhead)
        let person = end.role == "admin" ? portal.admin : portal.member
        let secret = base64URL(randomBytes(32))
        for (seconds, status) in [(end.seconds - 20, 200), (end.seconds + 1, 303)] {
            try portal.owner("DELETE FROM sessions")
            var web = try portal.database.connect(.web)
            try web.execute("SELECT open_session(\(person.id), \(sha256(Array(secret.utf8))), '', NULL, true)")
            // As if it had been opened, or used, that long ago.
            let age: SQL = "\(seconds) * interval '1 s'"
            try portal.owner(
                end.column == "seen_at"
                    ? "UPDATE sessions SET seen_at = seen_at - \(fragment: age)"
                    : "UPDATE sessions SET ends_at = ends_at - \(fragment: age)")
            let answer = try portal.send("GET", "/settings", [("cookie", "__Host-batchport=" + secret)])
            #expect(answer.status == status, "\(end) \(seconds)")
        }
    }

    /// S6, S8: an hour's difference between the clocks neither locks out an authenticator nor lengthens a proof.
    @Test(arguments: [-3_600_000, 3_600_000] as [Int64])
    func aWebProcessWithAnotherClock(clockAhead: Int64) throws {
        var portal = try Portal(clockAhead: clockAhead)
        let secret = try portal.giveFactor(portal.member)
        var browser = Browser()
        let page = try browser.signIn(&portal, portal.member.email)
        let code = TOTP.code(secret, step: TOTP.step(at: Clock.milliseconds()))
        #expect(try browser.code(&portal, code, page).status == 303)
        #expect(try browser.act(&portal, "/tokens", [("name", "fresh"), ("scopes", "jobs:read")]).status == 200)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        let late = try browser.act(&portal, "/tokens", [("name", "late"), ("scopes", "jobs:read")])
        #expect(late.status == 422 && late.text.contains("more than ten minutes"))
    }
}

import Cryptography
import FoundationEssentials
import HTTP
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// The second factor, its recovery codes, and what they are asked for (trust.md S6, S8, S11).
struct SecondFactorTests {
    @Test func isAskedForAfterThePassword() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        var browser = Browser()
        let second = try browser.signIn(&portal, portal.member.email, next: "/tokens")
        #expect(second.status == 200 && second.text.contains("<h1>Second factor"))
        #expect(browser.cookies["__Host-batchport"] == nil)
        #expect(try browser.get(&portal, "/jobs").status == 303)
        let wrong = try browser.code(&portal, "000000", second)
        #expect(wrong.status == 422)
        let done = try browser.code(&portal, portal.code(secret), wrong)
        #expect(done.headers.first("location") == "/tokens")
        #expect(try browser.get(&portal, "/jobs").status == 200)
    }

    @Test func eachCodeIsGoodOnce() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        let code = portal.code(secret)
        var first = Browser()
        var second = Browser()
        let page = try first.signIn(&portal, portal.member.email)
        let other = try second.signIn(&portal, portal.member.email)
        #expect(try first.code(&portal, code, page).status == 303)
        #expect(try second.code(&portal, code, other).status == 422)
        // One of before is older than the one used, and no good either.
        #expect(try second.code(&portal, portal.code(secret, -1), other).status == 422)
        #expect(try second.code(&portal, portal.code(secret, 1), other).status == 303)
    }

    /// The row decides, not the one who asks first: of two that come at once one waits for the other.
    @Test func oneOfTwoParallelUsesWins() throws {
        let portal = try Portal()
        _ = try portal.giveFactor(portal.member)
        let (person, step) = (portal.member.id, 99_999_999)
        var slow = try portal.database.connect(.web)
        var fast = try portal.database.connect(.web)
        try fast.execute("SET lock_timeout = '100ms'")
        try slow.transaction { database in
            let isFirst = try database.row("SELECT use_factor_step(\(person), \(step))") { try $0.bool(0) }
            #expect(isFirst == true)
            let error = #expect(throws: PostgresError.self) {
                try fast.execute("SELECT use_factor_step(\(person), \(step))")
            }
            #expect(error?.sqlState == "55P03")
        }
        #expect(try fast.row("SELECT use_factor_step(\(person), \(step))") { try $0.bool(0) } == false)
    }

    @Test func whatPassesTheFirstStepIsBoundToBrowserAndTime() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        var browser = Browser()
        let page = try browser.signIn(&portal, portal.member.email)
        let pass = try #require(page.field("pass"))
        // The same pass in another browser, which has a form token of its own.
        var thief = Browser()
        let own = try thief.get(&portal, "/sign-in")
        let stolen = try thief.post(
            &portal, "/sign-in/code", [("pass", pass), ("code", portal.code(secret))], from: own)
        #expect(stolen.headers.first("location") == "/sign-in")
        for forged in ["", "AAAA", base64([UInt8](repeating: 1, count: 60))] {
            let answer = try browser.post(
                &portal, "/sign-in/code", [("pass", forged), ("code", portal.code(secret))], from: page)
            #expect(answer.headers.first("location") == "/sign-in")
        }
        #expect(try portal.count("SELECT count(*) FROM sessions WHERE user_agent = ''") == 3)
    }

    @Test func tenWrongCodesLock() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        var browser = Browser()
        var page = try browser.signIn(&portal, portal.member.email)
        for _ in 0..<10 { page = try browser.code(&portal, "123", page) }
        #expect(try browser.code(&portal, portal.code(secret), page).status == 422)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'signIn.failed'") == 11)
    }

    @Test func anAdminSetsOneUpBeforeAnythingElse() throws {
        var portal = try Portal()
        var browser = Browser()
        #expect(try browser.signIn(&portal, portal.admin.email).status == 303)
        for path in ["/jobs", "/admin/people", "/admin/audit", "/tokens", "/settings"] {
            let answer = try browser.get(&portal, path)
            #expect([303, 404].contains(answer.status), "\(path)")
            if answer.status == 303 { #expect(answer.headers.first("location") == "/settings/second-factor") }
        }
        let page = try browser.get(&portal, "/settings/second-factor")
        let secret = try Self.secret(page)
        let sealed = try #require(page.field("secret"))
        let wrong = try browser.post(
            &portal, "/settings/second-factor", [("secret", sealed), ("code", "000000")], from: page)
        #expect(wrong.status == 422 && wrong.text.contains(Self.shown(secret)))
        let before = browser.cookies["__Host-batchport"]
        let done = try browser.post(
            &portal, "/settings/second-factor",
            [("secret", wrong.field("secret") ?? ""), ("code", portal.code(secret))], from: wrong)
        #expect(done.status == 200)
        #expect(browser.cookies["__Host-batchport"] != before)
        #expect(try portal.send("GET", "/jobs", [("cookie", "__Host-batchport=\(before ?? "")")]).status == 303)
        #expect(try browser.get(&portal, "/admin/audit").status == 200)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'secondFactor.set'") == 1)
        // It cannot be taken away again.
        #expect(try browser.act(&portal, "/settings/second-factor/remove").status == 409)
    }

    @Test func anAdminWithoutOneIsNoAdminToTheDatabase() throws {
        let portal = try Portal()
        try portal.owner("UPDATE sessions SET factor = false")
        var web = try portal.database.connect(.web)
        web.identity = portal.admin.session
        #expect(try web.row("SELECT is_admin()") { try $0.bool(0) } == false)
        #expect(try web.rows("SELECT id FROM people") { try $0.uuid(0) } == [portal.admin.id])
    }

    @Test func recoveryCodesAreGoodOnceEach() throws {
        var portal = try Portal()
        _ = try portal.giveFactor(portal.member)
        var browser = Browser(portal.member)
        let answer = try browser.act(&portal, "/settings/recovery-codes")
        let codes = answer.text.split(separator: "<li><code>").dropFirst().map { String($0.prefix(11)) }
        #expect(codes.count == 10 && Set(codes).count == 10)
        var other = Browser()
        let page = try other.signIn(&portal, portal.member.email)
        #expect(try other.code(&portal, codes[3].uppercased().replacing("-", with: " "), page).status == 303)
        var again = Browser()
        let second = try again.signIn(&portal, portal.member.email)
        #expect(try again.code(&portal, codes[3], second).status == 422)
        #expect(try again.code(&portal, codes[4], second).status == 303)
        #expect(try portal.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NULL") == 8)
    }

    @Test func aMemberMayRemoveIt() throws {
        var portal = try Portal()
        _ = try portal.giveFactor(portal.member)
        var browser = Browser(portal.member)
        #expect(try browser.act(&portal, "/settings/second-factor/remove").status == 303)
        #expect(try portal.count("SELECT count(*) FROM people WHERE factor IS NOT NULL") == 0)
        #expect(try Browser().signedIn(&portal, portal.member.email).status == 303)
    }

    /// An eleven-minute-old session, stolen or not, does nothing dangerous; a code renews it, and its secret changes.
    @Test func stepUpTakesACode() throws {
        var portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        try portal.owner("UPDATE sessions SET authenticated_at = now() - interval '11 min'")
        var browser = Browser(portal.member)
        let fields = [("name", "cron"), ("scopes", "jobs:read")]
        let page = try browser.get(&portal, "/tokens")
        #expect(page.text.contains("Code of your second factor"))
        #expect(try browser.post(&portal, "/tokens", fields, from: page).status == 422)
        #expect(
            try browser.post(&portal, "/tokens", fields + [("your_password", Portal.password)], from: page).status
                == 422)
        let done = try browser.post(&portal, "/tokens", fields + [("your_password", portal.code(secret))], from: page)
        #expect(done.status == 200)
        #expect(browser.cookies["__Host-batchport"] != portal.member.session)
        #expect(try portal.page("/jobs").status == 303)
        // The page that came back works in the renewed session.
        #expect(try browser.post(&portal, "/tokens", fields, from: done).status == 200)
    }

    @Test func theSecretIsOfNoUseWithoutThePepper() throws {
        let portal = try Portal()
        let secret = try portal.giveFactor(portal.member)
        var owner = try portal.database.connect(.superuser)
        let sealed = try owner.row("SELECT factor FROM people WHERE factor IS NOT NULL") { try $0.bytes(0) } ?? []
        #expect(sealed.count == 12 + 20 + 16 && !hex(sealed).contains(hex(secret)))
        let seal = PepperSeal("second factor", portal.site)
        #expect(seal.open(sealed, context: portal.member.id.lower) == secret)
        #expect(seal.open(sealed, context: portal.admin.id.lower) == nil)
        #expect(PepperSeal("enrolment", portal.site).open(sealed, context: portal.member.id.lower) == nil)
        for index in sealed.indices {
            var bad = sealed
            bad[index] ^= 1
            #expect(seal.open(bad, context: portal.member.id.lower) == nil)
        }
    }

    private static func shown(_ secret: [UInt8]) -> String { "secret=" + base32(secret) + "&amp;" }

    /// As the page's link has it.
    private static func secret(_ page: Answer) throws -> [UInt8] {
        let start = try #require(page.text.firstRange(of: "?secret="))
        let text = page.text[start.upperBound...].prefix { $0 != "&" }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (bits, bytes): (String, [UInt8]) = ("", [])
        for letter in text {
            let value = try #require(alphabet.firstIndex(of: letter))
            bits += String(String(32 + value, radix: 2).dropFirst())
        }
        while bits.count >= 8 {
            bytes.append(try #require(UInt8(bits.prefix(8), radix: 2)))
            bits = String(bits.dropFirst(8))
        }
        return bytes
    }
}

extension Browser {
    fileprivate func signedIn(_ portal: inout Portal, _ email: String) throws -> Answer {
        var copy = self
        return try copy.signIn(&portal, email)
    }
}

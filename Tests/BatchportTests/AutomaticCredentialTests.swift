import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Which of one's credentials signs in an environment that takes one's own: of its account, the default one first.
struct AutomaticCredentialTests {
    private static let (here, elsewhere) = ("000000000000", "111111111111")

    private func add(
        _ portal: borrowing Portal, _ name: String, account: String?, isDefault: Bool = false, health: String = "ok"
    ) throws -> UUID {
        let id = UUID()
        try portal.owner(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, account, is_default, health)
            VALUES (\(id), \(portal.member.id), \(name), 'accessKey', 'ABCD', 'us-local-1', \(account), \(isDefault), \(health))
            """)
        return id
    }

    private func signer(_ portal: borrowing Portal) throws -> UUID? {
        var connection = try portal.database.connect(.superuser)
        return try connection.automaticCredential(of: portal.member.id, in: Self.here)
    }

    private func defaults(_ portal: borrowing Portal) throws -> Set<UUID> {
        var connection = try portal.database.connect(.superuser)
        return Set(try connection.rows("SELECT id FROM credentials WHERE is_default") { try $0.uuid(0) })
    }

    @Test func itIsOfTheEnvironmentsAccount() throws {
        let portal = try Portal()
        _ = try add(portal, "elsewhere", account: Self.elsewhere, isDefault: true)
        #expect(try signer(portal) == nil)
        // Nobody knows yet whose it is: better than none, but after every one that is known.
        let unknown = try add(portal, "unknown", account: nil, isDefault: true, health: "unchecked")
        #expect(try signer(portal) == unknown)
        let refused = try add(portal, "refused", account: Self.here, health: "refused")
        #expect(try signer(portal) == refused)
        let works = try add(portal, "works", account: Self.here)
        #expect(try signer(portal) == works)
        _ = try add(portal, "younger", account: Self.here)
        #expect(try signer(portal) == works)
        let chosen = try add(portal, "chosen", account: Self.here, isDefault: true, health: "refused")
        #expect(try signer(portal) == chosen)
    }

    @Test func eachAccountHasADefaultOne() throws {
        let portal = try Portal()
        let first = try add(portal, "a", account: Self.here, isDefault: true)
        let other = try add(portal, "b", account: Self.elsewhere, isDefault: true)
        #expect(try defaults(portal) == [first, other])
        let second = try add(portal, "c", account: Self.here, isDefault: true)
        #expect(try defaults(portal) == [second, other])
        // Of a key it shows later of which account it is.
        let unknown = try add(portal, "d", account: nil, isDefault: true)
        #expect(try defaults(portal) == [second, other, unknown])
        try portal.worker(["UPDATE credentials SET account = \(Self.here) WHERE id = \(unknown)"])
        #expect(try defaults(portal) == [unknown, other])
    }

    @Test func aButtonMakesItTheDefault() throws {
        var portal = try Portal()
        let first = try add(portal, "a", account: Self.here, isDefault: true)
        let second = try add(portal, "b", account: Self.here)
        #expect(try portal.page("/credentials").text.contains("default for 000000000000"))
        let path = "/credentials/\(second.lower)/default"
        let strangers = try portal.formToken(as: portal.stranger)
        #expect(try portal.form(path, [("form_token", strangers)], as: portal.stranger).status == 404)
        #expect(try defaults(portal) == [first])
        #expect(try portal.form(path, [("form_token", try portal.formToken())]).status == 303)
        #expect(try defaults(portal) == [second])
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'credential.default'") == 1)
    }

    @Test func withoutOneOfTheAccountTheSubmissionIsRefused() throws {
        var portal = try Portal()
        try portal.owner("UPDATE environments SET service_object = 'automatic', credential = NULL")
        _ = try add(portal, "elsewhere", account: Self.elsewhere, isDefault: true)
        let answer = try portal.api("POST", "/jobs?validateOnly=true", portal.submission())
        #expect(answer.status == 422 && answer.text.contains("of the account 000000000000"))
        #expect(try portal.page("/jobs/new").text.contains("You have no credential of its account yet."))
        _ = try add(portal, "here", account: Self.here)
        #expect(try portal.api("POST", "/jobs?validateOnly=true", portal.submission()).status == 200)
    }
}

/// What would hold a job up is said before it is submitted, with who can mend it.
struct SubmissionWarningTests {
    private func validated(_ portal: inout Portal) throws -> JSONValue {
        try portal.api("POST", "/jobs?validateOnly=true", portal.submission()).json
    }

    @Test(
        arguments: [
            ("health = 'refused'", "credentialRefused", false),
            ("health = 'unreadable'", "credentialUnreadable", false),
            ("expires_at = now() - interval '1 s'", "credentialExpired", false),
            ("health = 'unreachable'", "credentialUnreachable", true),
        ] as [(SQL, String, Bool)])
    func ofTheSharedCredential(change: SQL, code: String, valid: Bool) throws {
        var portal = try Portal()
        #expect(try validated(&portal)["valid"]?.bool == true)
        #expect(try validated(&portal)["warnings"]?.array?.isEmpty == true)
        try portal.owner("UPDATE credentials SET \(fragment: change)")
        let answer = try validated(&portal)
        #expect(answer["valid"]?.bool == valid)
        #expect(answer["warnings"]?[0]?["code"]?.string == code)
        #expect(answer["warnings"]?[0]?["who"]?.string == "an admin")
        let page = try portal.page("/jobs/new").text
        #expect(page.contains("The credential that this environment signs with") && page.contains("by: an admin."))
        // Whose it is stays unsaid.
        for word in ["WXYZ", "Ada Admin", portal.credential.lower] { #expect(!page.contains(word), "\(word)") }
    }

    @Test func ofOnesOwn() throws {
        var portal = try Portal()
        try portal.owner("UPDATE environments SET service_object = 'automatic', credential = NULL")
        try portal.owner(
            """
            INSERT INTO credentials (owner, name, kind, access_key_hint, region, account, health)
            VALUES (\(portal.member.id), 'mine', 'accessKey', 'ABCD', 'us-local-1', '000000000000', 'refused')
            """)
        let warning = try validated(&portal)["warnings"]?[0]
        #expect(warning?["message"]?.string?.hasPrefix("Your credential was refused") == true)
        #expect(warning?["who"]?.string == "you")
        // It is taken all the same, and waits.
        let sent = try portal.api("POST", "/jobs", portal.submission(), [("idempotency-key", "k")])
        #expect(sent.status == 201)
    }

    @Test func ofTheEnvironment() throws {
        var portal = try Portal()
        try portal.worker([
            """
            UPDATE environments SET healthy = false, findings =
                '[{"name":"Bucket","ok":false,"detail":"x","remedy":"y"},{"name":"Logs","ok":true,"detail":"x"}]'
            """
        ])
        let answer = try validated(&portal)
        #expect(answer["valid"]?.bool == true)
        #expect(answer["warnings"]?[0]?["message"]?.string?.contains("something to mend: Bucket.") == true)
        #expect(try portal.page("/jobs/new").text.contains("something to mend: Bucket."))
        // Nobody hears of an environment that they may not use.
        var web = try portal.database.connect(.web)
        web.identity = portal.stranger.session
        try portal.owner("UPDATE environment_grants SET person = \(portal.member.id)")
        #expect(try web.rows("SELECT state FROM signer_standing(\(portal.environment))") { try $0.text(0) } == [])
    }
}

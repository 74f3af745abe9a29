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
        #expect(try portal.page("/jobs/new").text.contains("You have no credential yet."))
        _ = try add(portal, "here", account: Self.here)
        #expect(try portal.api("POST", "/jobs?validateOnly=true", portal.submission()).status == 200)
    }
}

import AWS
import FoundationEssentials
import HTTPClient
import JSON
import PostgreSQL
import Processes
import Synchronization
import TestRegion
import TestSupport
import Testing

@testable import Batchport

/// Adding a role: what must be pasted, and what is refused (trust.md S33).
struct RolePageTests {
    private static let account = "123456789012"

    private func opened(_ portal: borrowing Portal) throws {
        try portal.worker([
            "INSERT INTO vault_tests VALUES (true, now(), true, '') ON CONFLICT (single) DO UPDATE SET tested_at = now()",
            "INSERT INTO portal_identity (arn, account, checked_at) VALUES ('arn:aws:iam::999999999999:user/portal', '999999999999', now())",
        ])
    }

    private func externalID(_ portal: inout Portal, _ account: String = account, as person: Portal.Person? = nil) throws
        -> String
    {
        let token = try portal.formToken(as: person ?? portal.member)
        let answer = try portal.form(
            "/credentials/external-ids", [("form_token", token), ("account", account), ("external_id", "chosen")],
            as: person)
        #expect(answer.status == 303)
        let page = try portal.page("/credentials/roles?account=\(account)", as: person).text
        let start = try #require(page.firstRange(of: "id=\"external-id\">"))
        return String(page[start.upperBound...].prefix { $0 != "<" })
    }

    @Test func eachPersonHasAnIDOfTheirOwnForEachAccount() throws {
        var portal = try Portal()
        try opened(portal)
        let mine = try externalID(&portal)
        #expect(mine.utf8.count == 40 && mine.allSatisfy(\.isHexDigit))
        #expect(try externalID(&portal) == mine)
        #expect(try externalID(&portal, "210987654321") != mine)
        #expect(try externalID(&portal, as: portal.stranger) != mine)
        let page = try portal.page("/credentials/roles?account=\(Self.account)").text
        #expect(page.contains("arn:aws:iam::999999999999:user/portal") && page.contains("sts:SetSourceIdentity"))
        // It is the server's word: the web can choose none and change none.
        var web = try portal.database.connect(.web)
        web.identity = portal.member.session
        #expect(throws: PostgresError.self) { try web.execute("UPDATE external_ids SET value = repeat('x', 40)") }
        #expect(throws: PostgresError.self) {
            try web.execute(
                "INSERT INTO external_ids VALUES (\(portal.member.id), '000000000001', repeat('x', 40))")
        }
        #expect(throws: PostgresError.self) { try portal.owner("UPDATE external_ids SET value = repeat('x', 40)") }
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'externalID.made'") == 3)
    }

    @Test(arguments: ["", "12345", "1234567890123", "٠١٢٣٤٥٦٧٨٩٠١", "12345678901x"])
    func noAccountIsSaid(account: String) throws {
        var portal = try Portal()
        let token = try portal.formToken()
        let answer = try portal.form("/credentials/external-ids", [("form_token", token), ("account", account)])
        #expect(answer.status == 422 && answer.text.contains("id=\"account-error\""))
        #expect(try portal.count("SELECT count(*) FROM external_ids") == 0)
    }

    @Test func aRoleIsStoredAndProven() throws {
        var portal = try Portal()
        try opened(portal)
        _ = try externalID(&portal)
        let token = try portal.formToken()
        var fields = [
            ("form_token", token), ("name", "lab role"), ("region", "eu-central-1"),
            ("role_arn", "arn:aws:iam::123456789012:role/batchport"), ("is_default", "yes"),
        ]
        #expect(try portal.form("/credentials/roles", fields).status == 303)
        let page = try portal.page("/credentials").text
        #expect(page.contains("lab role") && page.contains("arn:aws:iam::123456789012:role/batchport"))
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'checkCredential'") == 1)
        #expect(try portal.form("/credentials/roles", fields).text.contains("a credential of this name already"))
        // All that does not fit, at once.
        let unfit = [
            ("role_arn", "arn:aws-cn:iam::123456789012:role/r"), ("role_arn", "arn:aws:iam::210987654321:role/r"),
            ("role_arn", "nonsense"), ("name", ""), ("region", "x@evil:443/#"),
        ]
        for (name, value) in unfit {
            let changed = fields.map { $0.0 == name ? (name, value) : $0 }
            let answer = try portal.form("/credentials/roles", changed)
            #expect(answer.status == 422 && answer.text.contains("id=\"\(name)-error\""), "\(name) \(value)")
        }
        // Somebody else's ExternalId is no help: theirs must be made for the account as well.
        fields[0].1 = try portal.formToken(as: portal.stranger)
        #expect(try portal.form("/credentials/roles", fields, as: portal.stranger).status == 422)
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE kind = 'role'") == 1)
    }

    @Test func anOldKeyIsWarnedOfAndItsUsesAreSaid() throws {
        var portal = try Portal()
        try portal.owner("UPDATE credentials SET created_at = now() - interval '91 days'")
        let page = try portal.page("/credentials", as: portal.admin).text
        #expect(page.contains("Replace it with a new one</a>") && page.contains("Behind the environment"))
        _ = try portal.submitted()
        #expect(try portal.page("/credentials", as: portal.admin).text.contains("Signs for 1 unsettled job"))
    }
}

/// The worker's half, with moto as STS: it lets everybody in, which is what a role must not do.
struct RoleSessionTests {
    private let fixture: WorkerFixture
    private let configuration: WorkerConfiguration

    init() throws {
        let fixture = try WorkerFixture()
        let moto = try #require(ProcessInfo.processInfo.environment["BATCHPORT_TEST_MOTO"])
        let endpoints = try AWSEndpoints(overrides: [
            WorkerFixture.regionName: fixture.region.endpoint, WorkerFixture.regionName + ".sts": moto,
        ])
        var configuration = fixture.configuration
        configuration.endpoints = endpoints
        configuration.http = HTTPClient.Options(isAllowed: { endpoints.mayReach($0) })
        configuration.portal = PortalIdentity(
            AWSCredentials(accessKeyID: "AKIAPORTAL", secretAccessKey: "secret"), region: WorkerFixture.regionName)
        (self.fixture, self.configuration) = (fixture, configuration)
        try fixture.change("SELECT make_external_id(\(fixture.person), '123456789012')")
        try fixture.change(
            """
            UPDATE credentials SET kind = 'role', role_arn = 'arn:aws:iam::123456789012:role/lab', ingress = NULL,
                access_key_hint = NULL, proven_at = now(), health = 'ok'
            """)
    }

    private func bench() throws -> Workbench { try Workbench(configuration, stop: StopFlag()) }

    @Test func aRoleThatNeedsNoExternalIDIsRefused() throws {
        var bench = try bench()
        try fixture.run(CredentialCheck.kind, ["credential": .string(fixture.credential.lower)], at: &bench)
        let detail = try fixture.ask(
            "SELECT health_detail FROM credentials WHERE health = 'refused' AND proven_at IS NULL"
        ) { try $0.text(0) }
        #expect(detail?.contains("without an ExternalId") == true)
        // And signs nothing from then on.
        let id = try fixture.insert()
        #expect(throws: CredentialTrouble.unproven) {
            try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "test"))
        }
    }

    @Test func sessionsAreKeptInMemoryAndForOneUseOnly() throws {
        var bench = try bench()
        let id = try fixture.insert()
        let first = try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "submit"))
        #expect(first.sessionToken != nil && first.account == "123456789012")
        let end = try #require(first.expiresAt) - Clock.milliseconds()
        #expect(end <= 3_605_000 && end > RoleSessions.leastMilliseconds)
        let same = try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "track"))
        #expect(same == first)
        let looking = SecretUse(person: fixture.person, purpose: "track", reach: .looking)
        #expect(try bench.openCredential(fixture.credential, for: looking) != first)
        // Another person's, and another bucket's, is another session.
        #expect(try bench.openCredential(fixture.credential, for: .job(id, of: UUID(), "test")) != first)
        try fixture.change("UPDATE jobs SET bucket = 'another'")
        #expect(try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "test")) != first)
        configuration.sessions.forget(fixture.credential)
        try fixture.change("UPDATE jobs SET bucket = \(WorkerFixture.bucket)")
        #expect(try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "test")) != first)
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.used'") == 6)
        #expect(
            try fixture.count("SELECT count(*) FROM credentials WHERE sealed IS NOT NULL OR ingress IS NOT NULL") == 0)
    }

    @Test func withoutAnIdentityOfThePortalsJobsWait() throws {
        let id = try fixture.insert()
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(
            try fixture.count(
                "SELECT count(*) FROM jobs WHERE phase = 'held' AND held_cause = 'credentialRefused' AND held_remedy LIKE '%portal.access_key_id%'"
            ) == 1)
    }

    /// The role of the instance that the worker runs on, in place of a key.
    @Test func theInstanceMayBeThePortal() throws {
        let hasRole = Mutex(true)
        try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let body =
                    request.line.hasPrefix("PUT")
                    ? "token"
                    : request.line.contains("credentials/ ")
                        ? "portal-role"
                        : """
                        {"AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
                        """
                try connection.answer(hasRole.withLock { $0 } || body == "token" ? 200 : 404, [], body)
            }
        } _: { server in
            let made = InstanceCredentials(endpoint: server.url, now: { Clock.milliseconds() })
            let instance = try #require(made)
            var configuration = configuration
            configuration.portal = PortalIdentity(instance, region: WorkerFixture.regionName)
            var bench = try Workbench(configuration, stop: StopFlag())
            #expect(try fixture.run(PortalCheck.kind, [:], at: &bench) == "done")
            #expect(try fixture.count("SELECT count(*) FROM portal_identity WHERE arn LIKE 'arn:aws:%'") == 1)
            let id = try fixture.insert()
            let session = try bench.openCredential(fixture.credential, for: .job(id, of: fixture.person, "submit"))
            #expect(session.sessionToken != nil && session.accessKeyID != "ASIAINSTANCE")
            #expect(server.requests.count == 3)
            instance.forget()
            hasRole.withLock { $0 = false }
            #expect(try fixture.run(PortalCheck.kind, [:], at: &bench) == "done")
            let trouble = try fixture.ask("SELECT trouble FROM portal_identity") { try $0.text(0) }
            #expect(trouble?.contains("This machine has no role") == true)
        }
    }

    @Test func thePortalSaysWhoItIs() throws {
        var bench = try bench()
        #expect(try fixture.run(PortalCheck.kind, [:], at: &bench) == "done")
        #expect(
            try fixture.count("SELECT count(*) FROM portal_identity WHERE arn LIKE 'arn:aws:%' AND trouble IS NULL")
                == 1)
        var without = try fixture.bench()
        #expect(try fixture.run(PortalCheck.kind, [:], at: &without) == "done")
        #expect(try fixture.count("SELECT count(*) FROM portal_identity WHERE arn IS NULL AND trouble <> ''") == 1)
    }
}

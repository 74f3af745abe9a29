import AWS
import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing
import Vault

@testable import Batchport

/// Whose identity signs once a job's own is gone, and what reaches a job sealed.
struct CustodianTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// A second credential of the same key, as an admin would name it.
    private func nameCustodian() throws -> UUID {
        let id = UUID()
        let vault = try Vault(
            privateKey: fixture.privateKey, rootKey: fixture.rootKey, ownerKeys: fixture.folder.path)
        let key = AccessKey(id: fixture.key.accessKeyID, secret: fixture.key.secretAccessKey, sessionToken: "")
        let ingress = try key.sealed(id, owner: fixture.person, vault.publicKey())
        try fixture.change(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, ingress)
            VALUES (\(id), \(fixture.person), 'custodian', 'accessKey', 'ABCD', 'us-local-1', \(ingress))
            """)
        try fixture.change("UPDATE environments SET custodian = \(id)")
        return id
    }

    private func loseCredential() throws {
        try fixture.change(
            "UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL WHERE id = \(fixture.credential)")
    }

    private func ended() throws -> UUID {
        let id = try fixture.sent()
        try fixture.changeRegion(
            """
            UPDATE jobs SET status = 'SUCCEEDED', started_at = now(), stopped_at = now()
            WHERE name = \("bp-" + id.lower)
            """)
        return id
    }

    @Test func withoutOneTheJobSaysWhoCanMendIt() throws {
        let id = try ended()
        try loseCredential()
        try fixture.track()
        let row = try fixture.job(id)
        #expect(row.status == "Submitted")
        #expect(row.reason?.contains("An admin can name one.") == true)
    }

    @Test func itTracksCapturesAndStops() throws {
        let (id, stopped) = (try ended(), try fixture.sent())
        try loseCredential()
        let custodian = try nameCustodian()
        try fixture.track()
        #expect(try fixture.job(id).status == "Succeeded")
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try fixture.job(id).isSettled)
        try fixture.change(
            """
            UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(fixture.person), stop_reason = 'x'
            WHERE id = \(stopped)
            """)
        try fixture.run(StopTask.kind, job: stopped)
        #expect(
            try fixture.askRegion(
                "SELECT count(*) FROM jobs WHERE name = \("bp-" + stopped.lower) AND status = 'FAILED'"
            ) { try $0.int(0) } == 1)
        let uses: SQL = """
            SELECT array_agg(DISTINCT detail->>'purpose' ORDER BY detail->>'purpose') FROM audit
            WHERE action = 'credential.used' AND subject = \(custodian)
            """
        #expect(try fixture.ask(uses) { try $0.value(0, as: [String].self) } == ["capture", "stop", "track"])
    }

    @Test func itNeverSubmits() throws {
        let id = try fixture.insert()
        _ = try nameCustodian()
        try loseCredential()
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "held")
        #expect(try fixture.accepted(id) == 0)
    }

    /// A session that has expired: refused by AWS, looked at, and then the custodian's turn.
    @Test func aRefusedCredentialIsLookedAtAndGivenUp() throws {
        let id = try ended()
        _ = try nameCustodian()
        try fixture.order(fault: "error", of: "DescribeJobs", status: 403, code: "ExpiredTokenException")
        try fixture.track()
        #expect(try fixture.job(id).status == "Submitted")
        try fixture.order(fault: "error", of: "GetCallerIdentity", status: 403, code: "ExpiredToken")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(CredentialCheck.kind, at: &bench) == "done")
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE health = 'refused'") == 1)
        try fixture.track()
        #expect(try fixture.job(id).status == "Succeeded")
    }

    // MARK: Sealed variables

    private func seal(_ value: String, version: Int = 1) throws {
        let vault = try Vault(
            privateKey: fixture.privateKey, rootKey: fixture.rootKey, ownerKeys: fixture.folder.path)
        let id = UUID()
        let context = EnvironmentSecret.context(id, environment: fixture.environment, name: "LICENSE", version: version)
        let ingress = try vault.publicKey().seal(Array(value.utf8), context: context)
        try fixture.change("DELETE FROM environment_secrets")
        try fixture.change(
            """
            INSERT INTO environment_secrets (id, environment, name, version, ingress)
            VALUES (\(id), \(fixture.environment), 'LICENSE', \(version)::int, \(ingress))
            """)
        try fixture.change(
            """
            UPDATE environments SET forced_tags = '{"cost": "42"}',
                variables = jsonb_build_object('MODE', 'fast', 'LICENSE', jsonb_build_object('sealed', \(version)::int))
            """)
    }

    private func manifest(of id: UUID) throws -> JSONValue {
        var bench = try fixture.bench()
        return try JSONValue.parse(
            try bench.aws.get(
                bucket: WorkerFixture.bucket, key: "p/jobs/\(id.lower)/manifest.json", maxBytes: 1 << 20,
                by: fixture.key,
                in: WorkerFixture.regionName))
    }

    @Test func sealedVariablesAndTagsReachTheJobAndNoRow() throws {
        try seal("canary-0123456789")
        let id = try fixture.sent(.init(variables: ["MODE": "slow"]))
        #expect(try fixture.job(id).phase == "sent")
        #expect(try manifest(of: id)["environment"] == ["LICENSE": "canary-0123456789", "MODE": "slow"])
        #expect(try fixture.askRegion("SELECT tags->>'cost' FROM jobs") { try $0.text(0) } == "42")
        #expect(
            try fixture.count("SELECT count(*) FROM environment_secrets WHERE ingress IS NULL AND sealed IS NOT NULL")
                == 1)
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'variables.used'") == 1)
        for table: SQL in ["jobs", "environments", "environment_secrets", "audit", "tasks", "status_changes"] {
            #expect(try fixture.count("SELECT count(*) FROM \(fragment: table) t WHERE t::text LIKE '%canary%'") == 0)
        }
        // And again, from the record this time.
        let second = try fixture.sent()
        #expect(try manifest(of: second)["environment"]?["LICENSE"] == "canary-0123456789")
    }

    @Test func aSealedVariableThatIsGoneHoldsTheJob() throws {
        try seal("x")
        let id = try fixture.insert()
        try fixture.change("DELETE FROM environment_secrets")
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "held")
        #expect(try fixture.job(id).reason?.contains("LICENSE") == true)
        try seal("y", version: 2)
        var bench = try fixture.bench()
        try fixture.run(EnvironmentCheck.kind, ["environment": .string(fixture.environment.lower)], at: &bench)
        #expect(try fixture.job(id).phase == "queued")
    }

    @Test func aRecordMovedToAnotherVariableDoesNotOpen() throws {
        try seal("x")
        try fixture.change("UPDATE environment_secrets SET name = 'MODE'")
        try fixture.change(#"UPDATE environments SET variables = '{"MODE": {"sealed": 1}}'"#)
        let id = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.job(id).phase == "held")
        #expect(try fixture.job(id).reason?.contains("cannot be opened") == true)
    }
}

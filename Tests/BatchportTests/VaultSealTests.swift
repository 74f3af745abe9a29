import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// `batchport admin vault seal` (trust.md S28): no secret is opened for anybody, nothing is lost by it, and it ends by itself.
struct VaultSealTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func seal() throws {
        var owner = try fixture.database.connect(.migrate)
        try Administration.sealVault(reason: "a laptop was stolen", by: "Grace", in: &owner)
    }

    private func unseal() throws {
        var owner = try fixture.database.connect(.migrate)
        try Administration.unsealVault(by: "Grace", in: &owner)
    }

    private func uses() throws -> Int {
        try fixture.count("SELECT count(*) FROM audit WHERE action IN ('credential.used', 'variables.used')")
    }

    @Test func aJobWaitsAndIsSentOnceItIsUnsealed() throws {
        try seal()
        let id = try fixture.insert()
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        let held = try fixture.job(id)
        #expect(held.phase == "held" && held.reason?.contains("a laptop was stolen") == true)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE held_cause = 'vaultSealed' AND held_who <> ''") == 1)
        #expect(try fixture.accepted(id) == 0 && uses() == 0)
        // Another worker's test of the vault does not let it go on.
        var bench = try fixture.bench()
        try bench.database.transaction { try $0.resumeUnsealedJobs() }
        #expect(try fixture.job(id).phase == "held")
        try unseal()
        #expect(try fixture.job(id).phase == "queued")
        try fixture.runDue(SubmitTask.kind, at: &bench)
        #expect(try fixture.job(id).phase == "sent" && fixture.accepted(id) == 1)
    }

    /// What is put off has none of its attempts used up, and says nothing against the credential.
    @Test func noTaskOpensASecretOrFailsForIt() throws {
        let id = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: id)
        let before = try uses()
        try seal()
        var bench = try fixture.bench()
        let credential: JSONValue = ["credential": .string(fixture.credential.lower)]
        let place: JSONValue = ["account": "000000000000", "region": .string(WorkerFixture.regionName)]
        let tasks: [(TaskKind, JSONValue)] = [
            (CredentialCheck.kind, credential), (TrackTask.kind, place),
            (EnvironmentCheck.kind, ["environment": .string(fixture.environment.lower)]),
        ]
        for (kind, arguments) in tasks {
            for _ in 0..<2 {
                let state = try fixture.run(kind, arguments, at: &bench)
                #expect(state == "available", "\(kind.name)")
            }
            #expect(
                try fixture.count("SELECT max(attempt) FROM tasks WHERE kind = \(kind.name)") == 0, "\(kind.name)")
        }
        #expect(try uses() == before)
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE health = 'unreadable'") == 0)
        try unseal()
        try fixture.runDue(CredentialCheck.kind, at: &bench)
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE health = 'ok'") == 1)
    }

    @Test func itIsOnTheTrailWithWhoAndWhyAndDoneOnce() throws {
        try seal()
        #expect(throws: Administration.Refusal.self) { try seal() }
        try unseal()
        #expect(throws: Administration.Refusal.self) { try unseal() }
        #expect(
            try fixture.count(
                """
                SELECT count(*) FROM audit WHERE action IN ('vault.sealed', 'vault.unsealed') AND by_process = 'admin'
                    AND detail = '{"by": "Grace", "reason": "a laptop was stolen"}'
                """) == 2)
        var owner = try fixture.database.connect(.migrate)
        for reason in ["", "  ", "one\ntwo", String(repeating: "x", count: 501)] {
            #expect(throws: Administration.Refusal.self) {
                try Administration.sealVault(reason: reason, by: "Grace", in: &owner)
            }
        }
    }

    @Test func neitherWebNorWorkerCanSealOrUnseal() throws {
        try seal()
        for role in [TestDatabase.Role.web, .worker] {
            var connection = try fixture.database.connect(role)
            let attacks: [SQL] = [
                "DELETE FROM vault_seal", "UPDATE vault_seal SET reason = 'x'",
                "INSERT INTO vault_seal (sealed_by, reason) VALUES ('x', 'x')",
            ]
            for attack in attacks { #expect(throws: PostgresError.self) { try connection.execute(attack) } }
        }
        #expect(try fixture.count("SELECT count(*) FROM vault_seal WHERE reason = 'a laptop was stolen'") == 1)
    }

    @Test func pagesAndTheAPISayWhy() throws {
        var portal = try Portal()
        try portal.worker([
            "INSERT INTO vault_tests VALUES (true, now(), true, '') ON CONFLICT (single) DO UPDATE SET tested_at = now()"
        ])
        let token = try portal.formToken()
        try portal.owner("INSERT INTO vault_seal (sealed_by, reason) VALUES ('Grace', 'a <laptop> was stolen')")
        #expect(try portal.page("/credentials").text.contains("a &lt;laptop&gt; was stolen"))
        let id = try portal.submitted()
        let job = try portal.api("GET", "/jobs/" + id.lower).json
        #expect(job["phase"]?.string == "queued" && job["waitsFor"]?.string?.contains("a <laptop> was stolen") == true)
        #expect(try portal.page("/jobs/" + id.lower).text.contains("a &lt;laptop&gt; was stolen"))
        #expect(try portal.page("/jobs/new").text.contains("a &lt;laptop&gt; was stolen"))
        #expect(try portal.page("/jobs").status == 200)
        #expect(try portal.send("GET", "/readyz").json["vault"]?.bool == false)
        let fields = [
            ("form_token", token), ("name", "lab key"), ("region", "eu-central-1"),
            ("access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("secret_access_key", String(repeating: "s", count: 40)),
        ]
        let answer = try portal.form("/credentials", fields)
        #expect(answer.status == 503 && answer.text.contains("was stolen"))
        #expect(try portal.count("SELECT count(*) FROM credentials WHERE name = 'lab key'") == 0)
    }
}

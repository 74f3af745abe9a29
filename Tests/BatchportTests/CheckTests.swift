import FoundationEssentials
import JSON
import PostgreSQL
import Testing

@testable import Batchport

struct CheckTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private struct Health: Equatable {
        var health: String
        var account: String?
        var isResealed: Bool
    }

    private func checkCredential() throws -> Health? {
        var bench = try fixture.bench()
        try fixture.run(CredentialCheck.kind, ["credential": .string(fixture.credential.lower)], at: &bench)
        return try fixture.ask(
            "SELECT health, account, ingress IS NULL AND sealed IS NOT NULL FROM credentials"
        ) { Health(health: try $0.text(0), account: try $0.textOptional(1), isResealed: try $0.bool(2)) }
    }

    private func findings() throws -> [String: String] {
        var bench = try fixture.bench()
        try fixture.run(EnvironmentCheck.kind, ["environment": .string(fixture.environment.lower)], at: &bench)
        let environment = try #require(try bench.database.environment(fixture.environment))
        #expect(environment.isHealthy == environment.findings.allSatisfy(\.ok))
        #expect(environment.findings.allSatisfy { $0.ok == ($0.remedy == nil) })
        return Dictionary(environment.findings.map { ($0.name, $0.ok ? "ok" : $0.detail) }) { $1 }
    }

    @Test func aGoodKeyIsSealedAgainAndKnown() throws {
        #expect(try checkCredential() == .init(health: "ok", account: "000000000000", isResealed: true))
        // The record opens by itself now.
        #expect(try checkCredential() == .init(health: "ok", account: "000000000000", isResealed: true))
    }

    @Test func aWrongKeyIsRefused() throws {
        try fixture.changeRegion("UPDATE access_keys SET secret = 'another'")
        #expect(try checkCredential() == .init(health: "refused", isResealed: true))
    }

    @Test func aRecordMovedToAnotherVersionDoesNotOpen() throws {
        try fixture.change("UPDATE credentials SET version = 2")
        #expect(try checkCredential() == .init(health: "unreadable", isResealed: false))
    }

    @Test func anEnvironmentThatFitsIsHealthy() throws {
        let found = try findings()
        #expect(
            found == [
                "Region and account": "ok", "Identity": "ok", "Job definition": "ok", "Job queue": "ok", "Bucket": "ok",
                "Logs": "ok", "Permissions": "ok",
            ])
        var bench = try fixture.bench()
        let definition = try #require(try bench.database.environment(fixture.environment)?.definition)
        #expect(definition.arn.hasSuffix(":job-definition/batchport-runner:1"))
        #expect(definition.hasRunner)
        #expect(definition.timeout == 3600)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    @Test func theNewestRevisionIsFoundWithoutItsNumber() throws {
        try fixture.change("UPDATE environments SET job_definition = replace(job_definition, ':1', '')")
        #expect(try findings()["Job definition"] == "ok")
    }

    @Test func eachFaultIsAFindingOfItsOwn() throws {
        try fixture.changeRegion("UPDATE job_queues SET state = 'DISABLED'")
        try fixture.change(
            """
            UPDATE environments SET io_bucket = 'no-such-bucket', region = 'us-local-1', account = '111111111111',
                job_definition = replace(job_definition, ':1', ':77')
            """)
        let found = try findings()
        #expect(found["Region and account"]?.contains("111111111111") == true)
        #expect(found["Identity"]?.contains("111111111111") == true)
        #expect(found["Job definition"] == "There is no active revision of it.")
        #expect(found["Job queue"] == "It is DISABLED and VALID.")
        #expect(found["Bucket"]?.hasPrefix("AWS refused ListObjectsV2") == true)
        #expect(found["Logs"] == "ok")
        var bench = try fixture.bench()
        let bucket = try bench.database.environment(fixture.environment)?.findings.first { $0.name == "Bucket" }
        #expect(bucket?.remedy?.hasPrefix("Create a bucket of this name") == true)
    }

    @Test func aKeyThatMayNotReadTheBucketIsToBeAllowed() throws {
        try fixture.order(fault: "error", of: "ListObjectsV2", status: 403, code: "AccessDenied")
        #expect(try findings()["Bucket"]?.hasPrefix("AWS does not allow ListObjectsV2") == true)
        var bench = try fixture.bench()
        let bucket = try bench.database.environment(fixture.environment)?.findings.first { $0.name == "Bucket" }
        #expect(bucket?.remedy?.hasPrefix("Allow the credential") == true)
    }

    @Test func withoutACredentialItSaysSo() throws {
        try fixture.change("UPDATE environments SET service_object = 'automatic', credential = NULL")
        #expect(try findings()["Identity"] == "There is no credential to check it with.")
    }

    /// Each missing permission by its name, with a policy that allows it on this environment's own things.
    @Test func missingPermissionsAreNamedWithThePolicyToPaste() throws {
        try fixture.order(fault: "error", of: "TerminateJob", status: 403, code: "AccessDeniedException")
        try fixture.order(fault: "error", of: "SubmitJob", status: 403, code: "AccessDeniedException")
        try fixture.order(fault: "error", of: "FilterLogEvents", status: 400, code: "AccessDeniedException")
        var bench = try fixture.bench()
        try fixture.run(EnvironmentCheck.kind, ["environment": .string(fixture.environment.lower)], at: &bench)
        let environment = try #require(try bench.database.environment(fixture.environment))
        let finding = try #require(environment.findings.first { $0.name == "Permissions" })
        #expect(!finding.ok && finding.detail.contains("batch:SubmitJob, batch:TerminateJob, logs:FilterLogEvents"))
        let policy = try JSONValue.parse(Array((finding.policy ?? "").utf8))
        let statements = policy["Statement"]?.array ?? []
        let arn = "arn:aws:batch:us-local-1:000000000000:"
        #expect(
            statements.contains([
                "Effect": "Allow", "Action": ["batch:SubmitJob"],
                "Resource": [.string(arn + "job-definition/batchport-runner:*"), .string(arn + "job-queue/local")],
            ]))
        #expect(
            statements.contains([
                "Effect": "Allow", "Action": ["batch:TerminateJob"], "Resource": [.string(arn + "job/*")],
            ]))
        #expect(
            statements.contains([
                "Effect": "Allow", "Action": ["logs:FilterLogEvents"],
                "Resource": ["arn:aws:logs:us-local-1:000000000000:log-group:/aws/batch/job:*"],
            ]))
        #expect(try fixture.askRegion("SELECT count(*) FROM jobs") { try $0.int(0) } == 0)
    }

    @Test func aCustodianIsCheckedAsWell() throws {
        let other = UUID()
        try fixture.change(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region)
            VALUES (\(other), \(fixture.person), 'custodian', 'accessKey', 'ABCD', 'us-local-1')
            """)
        try fixture.change("UPDATE environments SET custodian = \(other)")
        #expect(try findings()["Custodian"]?.contains("cannot be opened") == true)
    }
}

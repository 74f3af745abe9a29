import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Where an environment takes each person's own credential, nobody reads from its health whose key it was checked with.
struct OwnCheckTests {
    private let fixture: WorkerFixture

    init() throws {
        fixture = try WorkerFixture()
        try fixture.change("UPDATE environments SET service_object = 'automatic', credential = NULL")
        try fixture.change("INSERT INTO environment_grants (environment) VALUES (\(fixture.environment))")
    }

    private func check() throws {
        var bench = try fixture.bench()
        try fixture.run(
            EnvironmentCheck.kind,
            ["environment": .string(fixture.environment.lower), "person": .string(fixture.person.lower)], at: &bench)
    }

    /// As another person's pages have it.
    private func others() throws -> BatchEnvironment {
        let other = UUID()
        try fixture.change(
            """
            INSERT INTO people (id, email, name, role, password)
            VALUES (\(other), \(other.lower + "@example.org"), 'Ben', 'member', '')
            """)
        var web = try fixture.reader(other)
        return try #require(try web.environment(fixture.environment))
    }

    private func mine() throws -> BatchEnvironment {
        var web = try fixture.reader()
        return try #require(try web.environment(fixture.environment))
    }

    @Test func theIdentityIsShownToWhoAskedAlone() throws {
        try check()
        let mine = try mine()
        #expect(mine.isHealthy == true)
        #expect(mine.findings.contains { $0.name == "Identity" && $0.detail.hasPrefix("Signs as arn:") })
        let others = try others()
        #expect(others.isHealthy == nil && others.checkedAt != nil)
        #expect(
            Set(others.findings.map(\.name)) == ["Region and account", "Job definition", "Job queue", "Identity"])
        #expect(others.findings.last?.detail.contains("another person’s own key") == true)
        #expect(!others.findings.contains { $0.detail.contains("arn:aws:iam") })
        #expect(
            try fixture.count("SELECT count(*) FROM environments WHERE findings::text LIKE '%arn:aws:iam%'") == 0)
    }

    @Test func neitherIsWhatTheirKeyMayNotDo() throws {
        try fixture.order(fault: "error", of: "SubmitJob", status: 403, code: "AccessDeniedException")
        try check()
        #expect(try mine().isHealthy == false)
        let others = try others()
        #expect(others.findings.allSatisfy(\.ok) && others.isHealthy == nil)
        // Their own page names it, and says no more than is known.
        var web = try fixture.reader()
        let own = try web.credentials(of: fixture.person).first
        #expect(own?.lacks == ["local: It is not allowed batch:SubmitJob."])
    }

    @Test func itIsForgottenWithTheKeyAndThePlace() throws {
        try check()
        #expect(try fixture.count("SELECT count(*) FROM environment_checks") == 1)
        try fixture.change("UPDATE environments SET io_bucket = 'another-bucket'")
        #expect(try fixture.count("SELECT count(*) FROM environment_checks") == 0)
        try check()
        try fixture.change("UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL")
        #expect(try fixture.count("SELECT count(*) FROM environment_checks") == 0)
    }
}

import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// Jobs that wait until something is mended.
struct HeldJobTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    @Test func aCredentialThatCannotSignHoldsTheJobUntilItIsMended() throws {
        let id = try fixture.insert()
        try fixture.changeRegion("UPDATE access_keys SET secret = 'changed'")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.job(id).phase == "held")
        try fixture.changeRegion(
            "UPDATE access_keys SET secret = \(fixture.key.secretAccessKey) WHERE id = \(fixture.key.accessKeyID)")
        var bench = try fixture.bench()
        try fixture.run(CredentialCheck.kind, ["credential": .string(fixture.credential.lower)], at: &bench)
        #expect(try fixture.job(id).phase == "queued")
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "sent")
        try fixture.change("UPDATE credentials SET sealed = NULL, ingress = NULL, deleted_at = now()")
        let other = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: other)
        #expect(try fixture.job(other).reason == CredentialTrouble.deleted.sentence)
    }

    @Test func aJobOfADisabledEnvironmentWaits() throws {
        let id = try fixture.insert()
        try fixture.change("UPDATE environments SET enabled = false")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.job(id).phase == "held")
        var bench = try fixture.bench()
        try bench.database.lookAfterHeldJobs()
        #expect(try fixture.job(id).phase == "held")
        try fixture.change("UPDATE environments SET enabled = true")
        try bench.database.lookAfterHeldJobs()
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "sent")
        let events = try fixture.ask("SELECT array_agg(kind ORDER BY n) FROM job_notes") {
            try $0.value(0, as: [String].self)
        }
        #expect(events == ["held", "resumed"])
    }

    /// What was entered for one job cannot be entered anew anywhere.
    @Test func aCredentialOfOneJobCannotBeMended() throws {
        let first = try fixture.insert()
        try fixture.changeRegion("UPDATE access_keys SET secret = 'changed'")
        try fixture.run(SubmitTask.kind, job: first)
        func remedy(_ id: UUID) throws -> String? {
            try fixture.ask("SELECT held_remedy FROM jobs WHERE id = \(id)") { try $0.textOptional(0) } ?? nil
        }
        #expect(try remedy(first)?.contains("under Credentials") == true)
        #expect(try remedy(first)?.contains("nothing needs to be submitted again") == true)
        let second = try fixture.insert()
        try fixture.change("UPDATE credentials SET job = \(second)")
        try fixture.run(SubmitTask.kind, job: second)
        #expect(try fixture.job(second).phase == "held")
        let said = try #require(try remedy(second))
        #expect(said.contains("run it again") && !said.contains("Credentials") && !said.contains("by itself"))
    }

    @Test func aRefusedCredentialIsAskedAboutAgain() throws {
        let id = try fixture.insert()
        try fixture.changeRegion("UPDATE access_keys SET secret = 'changed'")
        try fixture.run(SubmitTask.kind, job: id)
        #expect(
            try fixture.count("SELECT count(*) FROM jobs WHERE held_cause = 'credentialRefused' AND held_who = 'you'")
                == 1)
        var bench = try fixture.bench()
        try fixture.change("UPDATE credentials SET checked_at = now() - interval '1 hour'")
        try bench.database.lookAfterHeldJobs()
        #expect(try fixture.runDue(CredentialCheck.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "held")
        // Just asked: not again so soon.
        try bench.database.lookAfterHeldJobs()
        #expect(try fixture.runDue(CredentialCheck.kind, at: &bench) == "none")
    }
}

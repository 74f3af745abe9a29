import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// An account's outage is met by few calls, whoever of the workers makes them (trust.md R17).
struct OutageTests {
    private let fixture: WorkerFixture
    private let place = Place(account: "000000000000", region: WorkerFixture.regionName)
    private let batch = CallRecord.Place(account: "000000000000", region: WorkerFixture.regionName, service: .batch)

    init() throws {
        fixture = try WorkerFixture()
        try fixture.change("UPDATE credentials SET account = '000000000000'")
    }

    @Test func anOutageOpensTheBreakerAndAProbeClosesIt() throws {
        var bench = try fixture.bench()
        bench.aws.retry.transientBase = 0
        let id = try fixture.insert()
        try fixture.change("UPDATE jobs SET phase = 'checking', intent_at = now() - interval '1 hour'")
        try fixture.change("UPDATE limits SET value = 3 WHERE name = 'breaker.failures'")
        try fixture.fail(id, times: 2, at: &bench)
        #expect(try fixture.count("SELECT count(*) FROM service_health WHERE open_since IS NULL AND failures = 2") == 1)
        #expect(try fixture.count("SELECT count(*) FROM gates") == 0)
        try fixture.fail(id, times: 1, at: &bench)
        #expect(
            try fixture.count(
                "SELECT count(*) FROM service_health WHERE open_since IS NOT NULL AND trouble LIKE 'AWS refused ListJobs:%'"
            )
                == 1)

        // Nothing that needs Batch is claimed; what does not, is.
        try fixture.change("DELETE FROM tasks")
        let jobs = try (0..<3).map { _ in try fixture.insert() }
        for job in jobs { try bench.database.enqueueSubmission(of: job, by: fixture.person, at: place) }
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "none")
        try bench.database.enqueue(kind: "capture")
        #expect(
            try bench.database.claimTasks(kinds: ["capture"], lane: .ordinary, leaseMilliseconds: 1000).count == 1)

        // The probe's time has come, and it fails: another period.
        try fixture.change("UPDATE gates SET opens_at = now() - interval '1 s'")
        for _ in 0..<3 { try fixture.order(fault: "error", of: "ListJobs", status: 503, code: "ServiceUnavailable") }
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "retryable")
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "none")
        #expect(try jobs.map { try fixture.accepted($0) } == [0, 0, 0])

        // The next one is answered: all go on.
        try fixture.change("UPDATE gates SET opens_at = now() - interval '1 s'")
        for _ in jobs { #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done") }
        #expect(try jobs.map { try fixture.accepted($0) } == [1, 1, 1])
        #expect(try fixture.count("SELECT (SELECT count(*) FROM gates) + (SELECT count(*) FROM service_health)") == 0)
    }

    /// A few failures that opened no breaker are forgotten at the first answer, by who met them.
    @Test func anAnswerEndsTheTroubleThatAWorkerMet() throws {
        var bench = try fixture.bench()
        bench.aws.retry.transientBase = 0
        let id = try fixture.insert()
        try fixture.change("UPDATE jobs SET phase = 'checking', intent_at = now() - interval '1 hour'")
        try fixture.fail(id, times: 1, at: &bench)
        #expect(try fixture.count("SELECT count(*) FROM service_health") == 1)
        try fixture.run(SubmitTask.kind, ["job": .string(id.lower)], at: &bench)
        #expect(try fixture.accepted(id) == 1)
        #expect(try fixture.count("SELECT count(*) FROM service_health") == 0)
    }

    /// The probe may fall to a worker that has met no trouble itself.
    @Test func anotherWorkersProbeClosesTheBreaker() throws {
        var first = try fixture.bench()
        try first.database.noteFailures(100, "no answer", of: batch)
        let job = try fixture.insert()
        try first.database.enqueueSubmission(of: job, by: fixture.person, at: place)
        var second = try fixture.bench()
        #expect(try fixture.runDue(SubmitTask.kind, at: &second) == "none")
        try fixture.change("UPDATE gates SET opens_at = now() - interval '1 s'")
        #expect(try fixture.runDue(SubmitTask.kind, at: &second) == "done")
        #expect(try fixture.count("SELECT (SELECT count(*) FROM gates) + (SELECT count(*) FROM service_health)") == 0)
    }

    /// What waits for S3 or Logs waits behind their breakers, and nothing else does.
    @Test(arguments: [(AWSService.s3, false, false), (.logs, true, false), (.sts, true, true)])
    func anOutageHoldsWhatNeedsTheService(service: AWSService, submits: Bool, captures: Bool) throws {
        _ = try fixture.sent()
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', started_at = now(), stopped_at = now()")
        try fixture.track()
        let waiting = try fixture.insert()
        var bench = try fixture.bench()
        try bench.database.enqueueSubmission(of: waiting, by: fixture.person, at: place)
        let troubled = CallRecord.Place(account: place.account, region: place.region, service: service)
        try bench.database.noteFailures(100, "no answer", of: troubled)
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == (submits ? "done" : "none"))
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == (captures ? "done" : "none"))
        try bench.database.noteRecovery(of: troubled)
        if !submits { #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done") }
        if !captures { #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done") }
    }

    @Test func failuresThatAreNotInARowDoNotAddUp() throws {
        var worker = try fixture.database.connect(.worker)
        for _ in 0..<8 { try worker.noteFailures(1, "no answer", of: batch) }
        try fixture.change("UPDATE service_health SET failed_at = now() - interval '2 minutes'")
        try worker.noteFailures(8, "no answer", of: batch)
        #expect(try fixture.count("SELECT count(*) FROM gates") == 0)
        try worker.noteFailures(2, "no answer", of: batch)
        #expect(try fixture.count("SELECT count(*) FROM gates") == 1)
    }
}

extension WorkerFixture {
    /// Listing fails so often that each of so many attempts to go on with the job fails.
    func fail(_ job: UUID, times: Int, at bench: inout Workbench) throws {
        for _ in 0..<times {
            try order(fault: "error", of: "ListJobs", status: 503, code: "ServiceUnavailable")
            try order(fault: "error", of: "ListJobs", status: 503, code: "ServiceUnavailable")
            try order(fault: "error", of: "ListJobs", status: 503, code: "ServiceUnavailable")
            try run(SubmitTask.kind, ["job": .string(job.lower)], at: &bench)
        }
    }
}

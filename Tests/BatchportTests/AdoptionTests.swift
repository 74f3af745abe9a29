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

/// What has no definite answer is asked about before it is sent again (trust.md R3).
struct AdoptionTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    @Test(arguments: [("dropBefore", 0), ("dropAfter", 1), ("error", 0)])
    func noDefiniteAnswerIsAskedFor(fault: String, accepted: Int) throws {
        let id = try fixture.insert()
        try fixture.order(fault: fault, of: "SubmitJob")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "available")
        #expect(try fixture.job(id).phase == "checking")
        #expect(try fixture.accepted(id) == accepted)
        // Nothing is asked before the attempt's time is over.
        #expect(try fixture.run(SubmitTask.kind, job: id) == "available")
        #expect(try fixture.job(id).phase == "checking")
        try fixture.change("UPDATE jobs SET intent_at = intent_at - interval '1 hour'")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.job(id).phase == "sent")
        #expect(try fixture.accepted(id) == 1)
        #expect(try fixture.count("SELECT intents FROM jobs") == 2 - accepted)
    }

    @Test func aHangingAnswerIsNoAnswer() throws {
        let id = try fixture.insert()
        try fixture.order(fault: "hang", of: "SubmitJob")
        var bench = try fixture.bench()
        bench.aws.times.call = 300
        #expect(try fixture.run(SubmitTask.kind, ["job": .string(id.lower)], at: &bench) == "available")
        #expect(try fixture.job(id).phase == "checking")
    }

    @Test(arguments: [false, true])
    func aWorkerThatEndedWhileSending(hadSent: Bool) throws {
        let id = try fixture.insert()
        if hadSent { try fixture.run(SubmitTask.kind, job: id) }
        try fixture.change(
            """
            UPDATE jobs SET phase = 'sending', intent_at = now() - interval '1 hour', intents = 1, provider_job_id = NULL,
                status = NULL, status_since = NULL WHERE id = \(id)
            """)
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.job(id).phase == "sent")
        #expect(try fixture.accepted(id) == 1)
    }

    @Test func somebodyElsesJobOfThatNameIsNotAdopted() throws {
        let id = try fixture.sent()
        let foreign = try fixture.job(id).providerID
        try fixture.changeRegion("UPDATE jobs SET tags = '{\"batchport:job\": \"another\"}'")
        try fixture.change(
            """
            UPDATE jobs SET phase = 'checking', intent_at = now() - interval '1 hour', provider_job_id = NULL,
                status = NULL, status_since = NULL WHERE id = \(id)
            """)
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.accepted(id) == 2)
        #expect(try fixture.job(id).providerID != foreign)
    }
}

import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// AWS's answers come late, twice and in another order; what is shown goes forward only (trust.md R13).
struct StatusTruthTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private struct Word {
        let status: String
        /// Attempts that have ended.
        let ended: Int

        func sighting(of job: UUID) throws -> Sighting {
            let attempts = (0..<ended).map { n -> JSONValue in
                let start = 1000 * (n + 1)
                return ["startedAt": JSONValue(start), "stoppedAt": JSONValue(start + 500)]
            }
            let detail = JobDetail([
                "jobId": .string(job.lower), "jobName": "j", "status": .string(status), "attempts": .array(attempts),
            ])
            return try #require(detail.flatMap(Sighting.init))
        }
    }

    /// Two attempts that fail, and a third.
    private static let life = [
        Word(status: "PENDING", ended: 0), Word(status: "RUNNABLE", ended: 0), Word(status: "STARTING", ended: 0),
        Word(status: "RUNNING", ended: 0), Word(status: "RUNNABLE", ended: 1), Word(status: "STARTING", ended: 1),
        Word(status: "RUNNING", ended: 1), Word(status: "RUNNABLE", ended: 2), Word(status: "RUNNING", ended: 2),
        Word(status: "SUCCEEDED", ended: 3),
    ]

    private func apply(_ word: Word, _ job: UUID, _ connection: inout Connection) throws -> [AppliedSighting] {
        try connection.apply([(job, word.sighting(of: job))], connection.trackingPace())
    }

    private func statuses(_ job: UUID) throws -> [String] {
        var connection = try fixture.database.connect(.worker)
        return try connection.details(of: job).history.map(\.status)
    }

    @Test func aRetryGoesBackAndAnOldWordDoesNot() throws {
        let job = try fixture.sent()
        var connection = try fixture.database.connect(.worker)
        for (word, isTaken) in [
            (Word(status: "RUNNING", ended: 0), true), (Word(status: "STARTING", ended: 0), false),
            (Word(status: "RUNNABLE", ended: 1), true), (Word(status: "RUNNING", ended: 0), false),
            (Word(status: "RUNNING", ended: 1), true), (Word(status: "FAILED", ended: 2), true),
            (Word(status: "RUNNING", ended: 1), false), (Word(status: "SUCCEEDED", ended: 3), false),
        ] {
            #expect(try apply(word, job, &connection).isEmpty != isTaken, "\(word)")
        }
        #expect(try statuses(job) == ["Submitted", "Running", "Runnable", "Running", "Failed"])
        #expect(try fixture.count("SELECT count(*) FROM attempts WHERE stopped_at IS NOT NULL") == 2)
    }

    /// A step back that AWS still says long after the step is no old word.
    @Test func aStepBackIsBelievedInTheEnd() throws {
        let job = try fixture.sent()
        var connection = try fixture.database.connect(.worker)
        #expect(try apply(Word(status: "STARTING", ended: 0), job, &connection).count == 1)
        let back = Word(status: "RUNNABLE", ended: 0)
        #expect(try apply(back, job, &connection).isEmpty)
        try fixture.change("UPDATE jobs SET status_since = now() - interval '61 s'")
        #expect(try apply(back, job, &connection).count == 1)
        #expect(try fixture.job(job).status == "Runnable")
    }

    /// Both of AWS's times lie before the submission by our clock: the order is AWS's all the same.
    @Test func whatHappenedBetweenTwoSweepsKeepsItsOrder() throws {
        let job = try fixture.sent()
        var connection = try fixture.database.connect(.worker)
        let detail = JobDetail([
            "jobId": .string(job.lower), "jobName": "j", "status": "SUCCEEDED", "startedAt": 1000, "stoppedAt": 2000,
        ])
        let word = try #require(detail.flatMap(Sighting.init))
        #expect(try connection.apply([(job, word)], connection.trackingPace()).count == 1)
        #expect(try statuses(job) == ["Submitted", "Running", "Succeeded"])
    }

    @Test func whateverTheOrderTheEndIsRight() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = SeededChance(state: seed)
        var connection = try fixture.database.connect(.worker)
        for _ in 0..<30 {
            let job = try #require(try fixture.crowd(1, "SUBMITTED").first)
            var words = Self.life + Self.life
            words.shuffle(using: &chance)
            for word in words { _ = try apply(word, job, &connection) }
            #expect(try fixture.job(job).status == "Succeeded", "seed \(seed)")
            let seen = try statuses(job)
            #expect(seen.last == "Succeeded", "seed \(seed)")
            #expect(seen.count { $0 == "Succeeded" } == 1, "seed \(seed)")
            // An attempt never runs again once the next has begun: at most three times Running, never twice in a row.
            #expect(seen.count { $0 == "Running" } <= 3, "seed \(seed): \(seen)")
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 != $1 }, "seed \(seed): \(seen)")
        }
    }

    /// hyp3 #911: a kind of error that nobody had thought of left a job RUNNING for ever.
    @Test(arguments: [(400, "NeverHeardOf"), (404, "404"), (500, "InternalError"), (418, "Teapot")])
    func anUnknownErrorIsAskedAgainAndSurfaces(status: Int, code: String) throws {
        let job = try fixture.sent()
        try fixture.changeRegion(
            """
            INSERT INTO faults (operation, kind, status, code, remaining)
            VALUES ('DescribeJobs', 'error', \(status), \(code), 1000)
            """)
        for _ in 0..<3 { #expect(try fixture.track() == "available") }
        #expect(try fixture.count("SELECT count(*) FROM sweeps WHERE trouble IS NOT NULL") == 1)
        var connection = try fixture.reader()
        #expect(try connection.job(job)?.trouble == nil)
        try fixture.change("UPDATE sweeps SET trouble_since = now() - interval '301 s'")
        #expect(try fixture.track() == "available")
        #expect(try connection.job(job)?.trouble?.isEmpty == false)
        try fixture.changeRegion("DELETE FROM faults")
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now()")
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(job).status == "Succeeded")
        #expect(try connection.job(job)?.trouble == nil)
    }

    @Test func aStatusThatNobodyKnowsSurfaces() throws {
        let job = try fixture.sent()
        var connection = try fixture.database.connect(.worker)
        try connection.wonder(about: job, "PAUSED", after: 300)
        #expect(try fixture.job(job).reason == nil)
        try fixture.change("UPDATE jobs SET strange_since = now() - interval '301 s'")
        try connection.wonder(about: job, "PAUSED", after: 300)
        #expect(try fixture.job(job).reason?.contains("PAUSED") == true)
        try fixture.track()
        #expect(try fixture.job(job).reason == nil)
    }

    /// What the server will not store of one job keeps nothing from the others.
    @Test func oddFactsOfOneJobHideNoOther() throws {
        let ids = try fixture.crowd(3, "STARTING", age: 3600)
        try fixture.change("ALTER TABLE status_changes ADD CHECK (reason <> 'odd')")
        try fixture.changeRegion("UPDATE jobs SET status = 'RUNNING', started_at = now()")
        try fixture.changeRegion("UPDATE jobs SET status_reason = 'odd' WHERE id = \(ids[1])")
        try fixture.track()
        #expect(try ids.map { try fixture.job($0).status } == ["Running", "Starting", "Running"])
        #expect(try fixture.count("SELECT count(*) FROM sweeps WHERE trouble IS NOT NULL") == 1)
    }
}

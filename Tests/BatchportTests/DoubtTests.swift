import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// What AWS lists later than the bound on which sending again relied (trust.md R4).
struct DoubtTests {
    private let fixture: WorkerFixture
    private let place = Place(account: "000000000000", region: WorkerFixture.regionName)

    init() throws { fixture = try WorkerFixture() }

    /// Twins in the order of their acceptance: `.` has not started, `s` has, `e` has ended.
    struct Case: Sendable {
        let twins: String
        /// From 1; 0 for none.
        let known: Int
        var isOver = false
        let kept: Int
        let stopped: [Int]
    }

    private static let cases: [Case] = [
        // Neither has started: the older goes on.
        Case(twins: "..", known: 2, kept: 1, stopped: [2]), Case(twins: "..", known: 1, kept: 1, stopped: [2]),
        Case(twins: "...", known: 3, kept: 1, stopped: [2, 3]),
        // One has: it goes on, be it the younger.
        Case(twins: ".s", known: 1, kept: 2, stopped: [1]), Case(twins: "s.", known: 2, kept: 1, stopped: [2]),
        // Both have: the older goes on.
        Case(twins: "ss", known: 2, kept: 1, stopped: [2]), Case(twins: "es", known: 2, kept: 1, stopped: [2]),
        Case(twins: "se", known: 2, kept: 1, stopped: []),
        // Ours has come to its end already, or none is wanted.
        Case(twins: "se", known: 2, isOver: true, kept: 2, stopped: [1]),
        Case(twins: "s.", known: 0, isOver: true, kept: 0, stopped: [1, 2]),
    ]

    @Test(arguments: cases)
    func whichGoesOn(_ example: Case) {
        let twins = example.twins.enumerated().map { index, state in
            Twins.Twin(
                id: String(index + 1), createdAt: Int64(index), hasStarted: state != ".", hasEnded: state == "e")
        }
        let known = example.known == 0 ? nil : String(example.known)
        let outcome = Twins(twins, known: known, isOver: example.isOver)
        #expect(outcome.kept == (example.kept == 0 ? nil : String(example.kept)))
        #expect(outcome.stopped.map(\.id).sorted() == example.stopped.map { String($0) })
    }

    /// Accepted, but neither answered nor listed.
    private func hide(_ job: UUID) throws {
        try fixture.changeRegion("UPDATE jobs SET name = 'hidden-' || name WHERE name = \("bp-" + job.lower)")
    }

    private func show() throws {
        try fixture.changeRegion("UPDATE jobs SET name = substr(name, 8) WHERE name LIKE 'hidden-%'")
    }

    private func theirs(_ job: UUID) throws -> [String] {
        try fixture.askRegion(
            "SELECT array_agg(status || ' ' || coalesce(status_reason, '') ORDER BY number) FROM jobs WHERE name = \("bp-" + job.lower)"
        ) { try $0.value(0, as: [String].self) } ?? []
    }

    private func submittedTwice() throws -> UUID {
        let id = try fixture.insert()
        try fixture.order(fault: "dropAfter", of: "SubmitJob")
        try fixture.run(SubmitTask.kind, job: id)
        try hide(id)
        try fixture.change("UPDATE jobs SET intent_at = now() - interval '1 hour' WHERE id = \(id)")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.accepted(id) == 1)
        return id
    }

    @discardableResult
    private func look() throws -> String {
        var bench = try fixture.bench()
        return try fixture.runDue(DoubtTask.kind, at: &bench)
    }

    private func notes(_ job: UUID) throws -> [String] {
        try fixture.ask("SELECT array_agg(kind ORDER BY n) FROM job_notes WHERE job = \(job)") {
            try $0.value(0, as: [String].self)
        } ?? []
    }

    @Test func aDuplicateThatIsListedLaterIsStoppedAndTold() throws {
        let id = try submittedTwice()
        #expect(try look() == "available")
        #expect(try notes(id) == ["checking", "sentAgain"])
        let second = try fixture.job(id).providerID
        try show()
        #expect(try look() == "available")
        let jobs = try theirs(id)
        #expect(jobs.count == 2 && jobs[0].hasPrefix("RUNNABLE") || jobs[0].hasPrefix("SUBMITTED"))
        #expect(jobs[1].hasPrefix("FAILED Batchport: submitted twice; "))
        #expect(try fixture.job(id).providerID != second)
        #expect(try notes(id) == ["checking", "sentAgain", "duplicateStopped"])
        #expect(
            try fixture.count(
                "SELECT count(*) FROM audit WHERE action = 'job.duplicateStopped' AND subject = \(id) AND actor = \(fixture.person)"
            ) == 1)
        // It is told once.
        try look()
        #expect(try notes(id).count == 3)
    }

    @Test func anAttemptOfAnAbortedJobIsStoppedWhenItAppears() throws {
        let id = try fixture.insert()
        try fixture.order(fault: "dropAfter", of: "SubmitJob")
        try fixture.run(SubmitTask.kind, job: id)
        try hide(id)
        try fixture.change(
            """
            UPDATE jobs SET intent_at = now() - interval '1 hour', stop_requested_at = now(),
                stop_requested_by = \(fixture.person) WHERE id = \(id)
            """)
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.job(id).phase == "neverSent")
        try show()
        try look()
        #expect(try theirs(id).allSatisfy { $0.hasPrefix("FAILED Batchport: submitted by an attempt") })
        #expect(try notes(id).last == "duplicateStopped")
    }

    @Test func somebodyElsesJobOfThatNameIsLeftAlone() throws {
        let id = try submittedTwice()
        try fixture.changeRegion("UPDATE jobs SET tags = '{\"batchport:job\": \"another\"}' WHERE name LIKE 'hidden-%'")
        let ours = try fixture.job(id).providerID
        try show()
        try look()
        #expect(try theirs(id).allSatisfy { !$0.hasPrefix("FAILED") })
        #expect(try fixture.job(id).providerID == ours)
        #expect(try notes(id).count == 2)
    }

    /// More than are asked for one by one.
    @Test func manyAreFoundTogether() throws {
        let ids = try (0..<12).map { _ in try submittedTwice() }
        try show()
        try look()
        for id in ids {
            #expect(try notes(id).last == "duplicateStopped")
            #expect(try theirs(id).filter { $0.hasPrefix("FAILED") }.count == 1)
        }
    }

    @Test func itEndsWithTheLastDoubt() throws {
        let id = try submittedTwice()
        try fixture.change("UPDATE doubts SET until = now()")
        #expect(try look() == "done")
        #expect(try fixture.count("SELECT count(*) FROM doubts") == 0)
        #expect(try fixture.job(id).phase == "sent")
    }

    @Test func whatHadADefiniteAnswerIsNotDoubted() throws {
        _ = try fixture.sent()
        try fixture.order(fault: "error", of: "SubmitJob", status: 429, code: "TooManyRequestsException")
        let id = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: id)
        #expect(try fixture.count("SELECT count(*) FROM doubts") == 0)
    }
}

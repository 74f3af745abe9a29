import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

struct TrackingTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func history(_ id: UUID) throws -> [String] {
        var connection = try fixture.database.connect(.worker)
        return try connection.details(of: id).history.map { "\($0.status) \($0.source)" }
    }

    /// As the region's executor would.
    private func set(_ status: String, _ id: UUID, reason: String? = nil) throws {
        let ends = status == "SUCCEEDED" || status == "FAILED"
        try fixture.changeRegion(
            """
            UPDATE jobs SET status = \(status), status_reason = \(reason),
                started_at = CASE WHEN \(ends || status == "RUNNING") THEN coalesce(started_at, now()) END,
                stopped_at = CASE WHEN \(ends) THEN now() END
            WHERE name = \("bp-" + id.lower)
            """)
    }

    private func attempt(_ id: UUID, exit: Int?) throws {
        try fixture.changeRegion(
            """
            INSERT INTO job_attempts (job, number, task, instance, access_key_id, log_stream, started_at, stopped_at,
                exit_code, status_reason)
            SELECT id, 1, md5(id::text), 'i', 'k', 'batchport-runner/default/' || md5(id::text), now(),
                CASE WHEN \(exit)::int IS NULL THEN NULL ELSE now() END, \(exit), 'Essential container in task exited'
            FROM jobs WHERE name = \("bp-" + id.lower)
            ON CONFLICT (job, number) DO UPDATE SET stopped_at = excluded.stopped_at, exit_code = excluded.exit_code
            """)
    }

    @Test func writesWhatChangesAndNothingElse() throws {
        let id = try fixture.sent()
        #expect(try fixture.track() == "available")
        let change = try fixture.count("SELECT change FROM jobs")
        #expect(try fixture.track() == "available")
        #expect(try fixture.count("SELECT change FROM jobs") == change)
        #expect(try fixture.count("SELECT count(*) FROM sweeps WHERE trouble IS NULL") == 1)
        for status in ["RUNNABLE", "STARTING"] {
            try set(status, id)
            try fixture.track()
        }
        try set("RUNNING", id)
        try attempt(id, exit: nil)
        try fixture.track()
        #expect(try fixture.job(id).status == "Running")
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'fetchLog'") == 1)
        try set("FAILED", id, reason: "Essential container in task exited")
        try attempt(id, exit: 7)
        #expect(try fixture.track() == "done")
        #expect(
            try history(id) == [
                "Submitted submission", "Runnable poll", "Starting poll", "Running poll", "Failed poll",
            ])
        #expect(try fixture.count("SELECT exit_code FROM jobs") == 7)
        #expect(try fixture.count("SELECT exit_code FROM attempts") == 7)
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'capture' AND state = 'available'") == 1)
    }

    @Test func aQuickJobHasRunAllTheSame() throws {
        let id = try fixture.sent()
        try set("SUCCEEDED", id)
        try attempt(id, exit: 0)
        #expect(try fixture.track() == "done")
        #expect(try history(id) == ["Submitted submission", "Running poll", "Succeeded poll"])
    }

    @Test func anEndIsTheEnd() throws {
        let id = try fixture.sent()
        try set("SUCCEEDED", id)
        try fixture.track()
        try set("RUNNING", id)
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(id).status == "Succeeded")
        let sighting = Sighting.Try(
            n: 1, startedAt: nil, stoppedAt: nil, exitCode: nil, reason: nil, statusReason: nil, logStream: nil)
        #expect(sighting.n == 1)
    }

    @Test func aJobThatAWSLeavesOutIsLostInTheEnd() throws {
        let id = try fixture.sent()
        try fixture.changeRegion("DELETE FROM jobs")
        try fixture.track()
        #expect(try fixture.job(id).reason == nil)
        try fixture.change("UPDATE jobs SET phase_since = now() - interval '2 minutes'")
        try fixture.track()
        #expect(try fixture.job(id).phase == "sent")
        #expect(try fixture.job(id).reason != nil)
        try fixture.change("UPDATE jobs SET unseen_since = now() - interval '11 minutes'")
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(id).phase == "lost")
        var bench = try fixture.bench()
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).isSettled)
        #expect(try fixture.ask("SELECT missing_cause FROM results") { try $0.text(0) } == "lost")
    }

    @Test func aGapInTheAnswersIsForgotten() throws {
        let id = try fixture.sent()
        try fixture.change(
            "UPDATE jobs SET phase_since = now() - interval '2 minutes', unseen_since = now(), phase_reason = 'gone'")
        try fixture.track()
        #expect(try fixture.job(id).reason == nil)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE unseen_since IS NULL") == 1)
    }

    @Test func troubleIsShownAndTheSweepGoesOn() throws {
        _ = try fixture.sent()
        try fixture.order(fault: "error", of: "DescribeJobs", status: 400, code: "AccessDeniedException")
        #expect(try fixture.track() == "available")
        #expect(
            try fixture.ask("SELECT phase_reason FROM jobs") { try $0.textOptional(0) }??.contains("does not allow")
                == true)
        #expect(try fixture.track() == "available")
        #expect(try fixture.ask("SELECT phase_reason FROM jobs") { try $0.textOptional(0) } == .some(nil))
    }

    /// A call that fails says nothing about any job.
    @Test func noAnswerIsNoAbsence() throws {
        _ = try fixture.sent()
        try fixture.change("UPDATE jobs SET phase_since = now() - interval '2 minutes'")
        try fixture.order(fault: "error", of: "DescribeJobs", status: 400, code: "NeverHeardOf")
        #expect(try fixture.track() == "available")
        #expect(try fixture.count("SELECT count(*) FROM sweeps WHERE trouble IS NOT NULL") == 1)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE unseen_since IS NULL AND phase_reason IS NULL") == 1)
    }

    @Test func stopsWithTheNameOfWhoAsked() throws {
        let id = try fixture.sent()
        try fixture.change(
            """
            UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(fixture.person), stop_reason = 'wrong data'
            """)
        #expect(try fixture.run(StopTask.kind, job: id) == "done")
        let reason = try fixture.askRegion("SELECT stop_reason FROM jobs") { try $0.textOptional(0) }
        #expect(reason == "Terminated by Ada via Batchport: wrong data")
        try set("FAILED", id, reason: reason ?? nil)
        try fixture.track()
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE stop_confirmed_at IS NOT NULL") == 1)
        #expect(try fixture.run(StopTask.kind, job: id) == "done")
    }

    @Test func aNewJobBringsTheNextSweepForward() throws {
        _ = try fixture.sent()
        var bench = try fixture.bench()
        try fixture.runDue(TrackTask.kind, at: &bench)
        try fixture.change("UPDATE tasks SET run_at = now() + interval '15 s' WHERE kind = 'track'")
        _ = try fixture.sent()
        #expect(
            try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'track' AND run_at <= now() + interval '1 s'")
                == 1)
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What happened to others when AWS knew less than they thought (trust.md R14, section 2c).
struct VanishingTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func order(_ kind: String, milliseconds: Int) throws {
        try fixture.changeRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, remaining)
            VALUES ('DescribeJobs', \(kind), \(milliseconds), NULL)
            """)
    }

    private func age(_ seconds: Int) throws {
        try fixture.change("UPDATE jobs SET phase_since = now() - \(seconds) * interval '1 s'")
    }

    /// metaflow: DescribeJobs answers nothing just after SubmitJob.
    @Test func emptinessAfterSubmissionIsNoNews() throws {
        let job = try fixture.sent()
        try order("lag", milliseconds: 3_600_000)
        try age(59)
        for _ in 0..<3 { #expect(try fixture.track() == "available") }
        #expect(try fixture.job(job).reason == nil)
        try fixture.changeRegion("DELETE FROM faults")
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now()")
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(job).status == "Succeeded")
    }

    /// nextflow #7301, OpenNeuro #68: asked about for ever. Here it ends within a quarter of an hour, and never well.
    @Test func aVanishedJobIsNotAskedAboutForEver() throws {
        let job = try fixture.sent()
        try fixture.changeRegion("UPDATE jobs SET status = 'RUNNING', started_at = now()")
        try fixture.track()
        try order("vanish", milliseconds: 0)
        try age(61)
        #expect(try fixture.track() == "available")
        #expect(try fixture.job(job).reason?.contains("looked for again") == true)
        var bench = try fixture.bench()
        let pace = try bench.database.trackingPace()
        #expect(pace.graceSeconds + pace.lostSeconds + 2 * 20 < 15 * 60)
        try fixture.change("UPDATE jobs SET unseen_since = now() - \(pace.lostSeconds) * interval '1 s'")
        #expect(try fixture.track() == "done")
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        let lost = try fixture.job(job)
        #expect(lost.phase == "lost")
        #expect(lost.isSettled)
        // All that is known stays: its status, when, and that it ran.
        #expect(lost.status == "Running")
        #expect(lost.reason?.contains("The last that AWS said of it was Running") == true)
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'survey' AND state = 'available'") == 0)
    }

    /// Those of its children whose end was seen have it still.
    @Test func withAnArrayItsChildrenVanish() throws {
        let array = try fixture.array([("SUCCEEDED", 1), ("RUNNING", 2)])
        try fixture.track()
        try order("vanish", milliseconds: 0)
        try age(61)
        try fixture.track()
        try fixture.change("UPDATE jobs SET unseen_since = now() - interval '1 hour'")
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(array).phase == "lost")
        #expect(try fixture.count("SELECT count(*) FROM children WHERE lost AND status = 'Running'") == 2)
        #expect(
            try fixture.count(
                "SELECT count(*) FROM jobs WHERE child_statuses = '{\"Succeeded\": 1, \"Lost\": 2}'") == 1)
    }

    /// OpenNeuro #145: jobs vanish before the documented time. What was captured loses nothing, and the page says when.
    @Test func whatIsCapturedOutlivesAWSsMemory() throws {
        let job = try fixture.sent()
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', started_at = now(), stopped_at = now()")
        try fixture.track()
        var bench = try fixture.bench()
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        try fixture.change("UPDATE jobs SET settled_at = now() - interval '2 days'")
        #expect(try fixture.run(ForgetTask.kind, job: job) == "done")
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE forgotten_at IS NOT NULL") == 0)
        try order("forget", milliseconds: 0)
        // Somebody looks: then it is asked about.
        try fixture.change("DELETE FROM tasks")
        try fixture.change("INSERT INTO looks (job) VALUES (\(job))")
        #expect(try fixture.runDue(ForgetTask.kind, at: &bench) == "done")
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE forgotten_at IS NOT NULL") == 1)
        #expect(try fixture.job(job).status == "Succeeded")
        var reader = try fixture.reader()
        #expect(try reader.job(job)?.forgottenAt != nil)
    }

    /// Nobody looks: once a day each is asked about, within a day of hours.
    @Test func whatNobodyLooksAtIsAskedAboutOnceADay() throws {
        let ids = try fixture.crowd(40, age: 86_400)
        try fixture.change(
            "UPDATE jobs SET status = 'Succeeded', capture = 'complete', settled_at = now() - interval '2 days'")
        try fixture.changeRegion("DELETE FROM jobs")
        var connection = try fixture.database.connect(.worker)
        try connection.askHourlyWhatIsForgotten()
        try connection.askHourlyWhatIsForgotten()
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'forget'") == 1)
        var bench = try fixture.bench()
        try fixture.runDue(ForgetTask.kind, at: &bench)
        let hours = try fixture.count(
            "SELECT count(*) FROM jobs WHERE abs(hashtext(provider_job_id)) % 24 = extract(hour FROM now())::int")
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE forgotten_at IS NOT NULL") == hours)
        #expect(hours < ids.count)
    }

    /// AWS's answers may be older than ones before them.
    @Test func anAnswerOfThePastTakesNothingBack() throws {
        let job = try fixture.sent()
        try fixture.changeRegion("UPDATE jobs SET status = 'STARTING'")
        try fixture.track()
        try fixture.changeRegion("UPDATE jobs SET status = 'RUNNING', started_at = now()")
        try fixture.track()
        try order("stale", milliseconds: 864_000)
        for _ in 0..<3 { try fixture.track() }
        #expect(try fixture.job(job).status == "Running")
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// A capture that fails again and again tells the job's owner, not only an admin.
struct CaptureTroubleTests {
    private func trouble(_ id: UUID, _ fixture: WorkerFixture) throws -> (failures: Int, detail: String?, isDue: Bool)?
    {
        try fixture.ask(
            "SELECT capture_failures, capture_detail, capture_again_at IS NOT NULL FROM jobs WHERE id = \(id)"
        ) { (try $0.int(0), try $0.textOptional(1), try $0.bool(2)) }
    }

    private func ended(_ fixture: WorkerFixture) throws -> UUID {
        let id = try fixture.sent()
        try fixture.change(
            "UPDATE jobs SET status = 'Succeeded', status_source = 'poll', stopped_at = now() WHERE id = \(id)")
        try fixture.change("INSERT INTO attempts (job, n, log_stream) VALUES (\(id), 1, 'none')")
        return id
    }

    @Test func theSecondFailureSaysWhy() throws {
        let fixture = try WorkerFixture()
        let id = try ended(fixture)
        try fixture.change(
            """
            CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE 'no' USING ERRCODE = '57014'; END $$
            """)
        try fixture.change(
            "CREATE TRIGGER refuse_it BEFORE INSERT ON results FOR EACH ROW EXECUTE FUNCTION refuse_it()")
        var bench = try fixture.bench()
        #expect(try fixture.run(CaptureTask.kind, ["job": .string(id.lower)], at: &bench) == "retryable")
        #expect(try trouble(id, fixture) ?? (0, "", false) == (1, nil, true))
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "retryable")
        let told = "Batchport's own database did not take all of it in time."
        #expect(try trouble(id, fixture) ?? (0, "", false) == (2, told, true))
        #expect(
            try fixture.count(
                """
                SELECT count(*) FROM jobs, tasks WHERE tasks.kind = 'capture'
                    AND abs(extract(epoch FROM run_at - capture_again_at)) < 1
                """) == 1)
        try fixture.change("DROP TRIGGER refuse_it ON results")
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        #expect(try trouble(id, fixture)?.failures == 0 && trouble(id, fixture)?.isDue == false)
    }

    @Test func whatAWSSaysIsTold() throws {
        let fixture = try WorkerFixture()
        let id = try ended(fixture)
        for _ in 0..<6 { try fixture.order(fault: "error", of: "ListObjectsV2", status: 503, code: "SlowDown") }
        for _ in 0..<2 { #expect(try fixture.run(CaptureTask.kind, job: id) == "retryable") }
        #expect(try trouble(id, fixture)?.detail?.contains("SlowDown") == true)
    }

    @Test func pageAndAPISayHowOftenAndWhenAgain() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let path = "/jobs/\(job.lower)"
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', status = 'Succeeded', stopped_at = now(),
                status_since = now(), capture_failures = 1, capture_again_at = now() + interval '12 min'
            """
        ])
        #expect(try portal.page(path).text.contains("Its outputs are being captured."))
        try portal.worker(["UPDATE jobs SET capture_failures = 6, capture_detail = 'The <database> is slow.'"])
        let page = try portal.page(path).text
        #expect(page.contains("Capturing its outputs has failed 6 times; it is tried again in 1"))
        #expect(page.contains("after 6 failures: The &lt;database&gt; is slow."))
        let capture = try portal.api("GET", path).json["capture"]
        #expect(capture?["state"] == "pending" && capture?["failures"] == 6)
        #expect(capture?["detail"] == "The <database> is slow." && capture?["againAt"]?.string != nil)
        // Not twice where what stands in its way says it.
        try portal.worker(["UPDATE jobs SET phase_reason = 'It could not be captured yet. The <database> is slow.'"])
        #expect(try portal.page(path).text.split(separator: "&lt;database&gt;").count == 2)
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

@testable import Batchport

/// A runner's record lies where the job may write: whatever numbers stand in it, every page and answer is served.
struct AbsurdRecordTests {
    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "9007199254740992", "1e300", "-1", "\"x\"", "{}"])
    func isShownAsFarAsItMakesSense(_ number: String) throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let names = ["startedAt", "stoppedAt", "peakMemoryKiB", "cpuMilliseconds", "elapsedMilliseconds", "exitCode"]
        let record = "{" + names.map { "\"\($0)\":\(number)" }.joined(separator: ",") + "}"
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'x', intent_at = now(), status = 'Failed',
                status_source = 'poll', status_since = now(), started_at = now(), stopped_at = now(),
                outcome = \(record)::jsonb WHERE id = \(job)
            """
        ])
        let page = try portal.page("/jobs/\(job.uuidString)")
        #expect(page.status == 200 && !page.text.contains("Peak memory"))
        for path in ["", "/properties/EvaluationData", "/properties/EvaluationTiming"] {
            #expect(try portal.api("GET", "/jobs/\(job.uuidString)\(path)").status == 200)
        }
        let data = try portal.api("GET", "/jobs/\(job.uuidString)/properties/EvaluationData").json
        #expect(data["value"]?["startedAt"] == nil)
    }

    @Test(arguments: ["9223372036854775807", "2147483648", "-1", "01"])
    func aCursorBeyondAllBoundsIsRefused(_ cursor: String) throws {
        #expect(throws: Failure.self) { try PropertyPage(Query.parse("cursor=\(cursor)", limit: 9)) }
        #expect(try PropertyPage(Query.parse("cursor=2147483647", limit: 9)).first == 2_147_483_647)
    }
}

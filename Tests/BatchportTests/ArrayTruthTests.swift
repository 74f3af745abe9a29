import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What an array and its children say of themselves where AWS has not told all of it, or never will.
struct ArrayTruthTests {
    private func text(_ path: String, _ portal: inout Portal) throws -> String {
        let page = try portal.page(path)
        #expect(page.status == 200, "\(path)")
        return page.text
    }

    private func array(_ portal: inout Portal, children: Int = 3) throws -> UUID {
        try portal.submitted([
            "jobType": "Array", "elements": .array((0..<children).map { JSONValue($0) }),
            "method": ["childJobs": JSONValue(children)],
            "code": ["language": "python", "source": "def f(x): return x"],
        ])
    }

    /// Its first child has ended, its second runs.
    private func running(_ portal: inout Portal, counts: String = #"{"Succeeded": 1, "Running": 1}"#) throws -> UUID {
        let job = try array(&portal)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p-4711', intent_at = now(), status = 'Pending',
                status_source = 'poll', status_since = now(), child_statuses = \(counts)::text::jsonb WHERE id = \(job)
            """,
            """
            UPDATE children SET status = CASE k WHEN 0 THEN 'Succeeded' ELSE 'Running' END, status_since = now(),
                started_at = now(), stopped_at = CASE k WHEN 0 THEN now() END WHERE job = \(job) AND k < 2
            """,
        ])
        return job
    }

    private func booleans(_ json: JSONValue) -> [Bool?] {
        ["jobInProgress", "jobSucceeded", "jobFailed"].map { json[$0]?.bool }
    }

    private func properties(_ path: String, _ portal: inout Portal) throws -> [Bool?] {
        try ["JobInProgressQ", "JobSucceededQ", "JobFailedQ"].map {
            try portal.api("GET", "\(path)/properties/\($0)").json["value"]?.bool
        }
    }

    @Test func theChildrenOfALostArrayAreLost() throws {
        var portal = try Portal()
        let job = try running(&portal, counts: #"{"Succeeded": 1, "Lost": 2}"#)
        try portal.worker([
            "UPDATE jobs SET phase = 'lost', phase_reason = 'gone', phase_since = now() WHERE id = \(job)",
            "UPDATE children SET lost = true WHERE job = \(job) AND k > 0",
        ])
        for k in 1...2 {
            let path = "/jobs/\(job.lower)/children/\(k)"
            let child = try portal.api("GET", path).json
            #expect(child["displayStatus"] == "Lost" && child["displaySource"] == "batchport")
            #expect(booleans(child) == [false, false, false])
            #expect(try properties(path, &portal) == [false, false, false])
            for name in ["jobExitCode", "stoppedAt"] { #expect(child["missing"]?[name]?["cause"] == "lost", "\(name)") }
            let page = try portal.page(path).text
            #expect(page.contains("<title>Lost – Child \(k)") && page.contains("Batchport’s word"))
            #expect(!page.contains("Running for"))
        }
        let first = try portal.api("GET", "/jobs/\(job.lower)/children/0").json
        #expect(booleans(first) == [false, true, false] && first["displaySource"] == "provider")
        let results = try portal.api("GET", "/jobs/\(job.lower)/results").json
        #expect(results["items"]?[1]?["missing"]?["cause"] == "lost")
        let counts: JSONValue = ["Succeeded": 1, "Lost": 2]
        let said = try portal.api("GET", "/jobs/\(job.lower)").json["childJobStatusCounts"]
        #expect(said?.members?.filter { $0.value != 0 }.count == 2 && said?["Lost"] == counts["Lost"])
        #expect(try text("/jobs/\(job.lower)/children?status=Lost", &portal).contains("id=\"c2\""))
        #expect(try !text("/jobs/\(job.lower)/children?status=Running", &portal).contains("id=\"c1\""))
        #expect(try portal.api("GET", "/jobs/\(job.lower)/children?status=Lost").json["items"]?.array?.count == 2)
    }

    @Test func theChildrenOfAnArrayThatWasNeverSentHaveFailed() throws {
        var portal = try Portal()
        for (phase, word, cause) in [("neverSent", "Never sent", "neverSent"), ("refused", "Refused", "failed")] {
            let job = try array(&portal)
            try portal.worker([
                """
                UPDATE jobs SET phase = \(phase), phase_reason = 'because of 4711', intent_at = now(), settled_at = now()
                WHERE id = \(job)
                """
            ])
            let path = "/jobs/\(job.lower)/children/0"
            let child = try portal.api("GET", path).json
            #expect(child["displayStatus"]?.string == word && booleans(child) == [false, false, true])
            #expect(try properties(path, &portal) == [false, false, true])
            for name in ["jobExitCode", "providerJobID", "startedAt"] {
                #expect(child["missing"]?[name]?["cause"]?.string == cause, "\(name)")
            }
            let log = try portal.api("GET", path + "/log").json
            #expect(log["missing"]?["cause"]?.string == cause)
            let page = try text("/jobs/\(job.lower)/children", &portal)
            #expect(!page.contains("From AWS’s word") && page.contains("Batchport’s word"))
            #expect(try portal.api("GET", "/jobs/\(job.lower)").json["childJobStatusCounts"]?[word] == 3)
            let own = try text("/jobs/\(job.lower)", &portal)
            #expect(!own.contains("not sent yet") && !own.contains("everything captured"))
            #expect(!own.contains("The code wrote no file"))
        }
    }

    @Test func aDerivedStateIsNotAWSsWord() throws {
        var portal = try Portal()
        let job = try running(&portal)
        let page = try text("/jobs/\(job.lower)", &portal)
        #expect(page.contains("<b>Batchport’s word</b>, from its children’s") && page.contains("<code>Pending</code>"))
        #expect(!page.contains("<b>AWS’s word</b>"))
    }

    @Test func anArrayHasNoExitCodeAndNoResultOfItsOwn() throws {
        var portal = try Portal()
        let job = try array(&portal, children: 1)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', intent_at = now(), status = 'Succeeded', exit_code = 0,
                status_source = 'poll', settled_at = now() WHERE id = \(job)
            """
        ])
        let json = try portal.api("GET", "/jobs/\(job.lower)").json
        #expect(json["jobExitCode"] == .null && json["missing"]?["jobExitCode"]?["cause"] == "notApplicable")
        let listed = try portal.api("GET", "/jobs").json["items"]?[0]
        #expect(listed?["jobExitCode"] == .null)
        #expect(try portal.api("GET", "/jobs/\(job.lower)/result").json["missing"]?["cause"] == "notApplicable")
        #expect(
            json["links"]?["results"] != nil && json["links"]?["children"] != nil)
    }

    @Test func aSingleJobHasNoChildren() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let children = try portal.api("GET", "/jobs/\(job.lower)/children").json
        #expect(children["missing"]?["cause"] == "notApplicable")
        let json = try portal.api("GET", "/jobs/\(job.lower)").json
        for name in ["providerJobID", "startedAt", "stoppedAt"] {
            #expect(json["missing"]?[name]?["cause"] == "notStarted", "\(name)")
        }
    }

    @Test func countsAreOfAllChildren() throws {
        var portal = try Portal()
        let job = try array(&portal)
        for (phase, word) in [("held", "Held"), ("queued", "Queued")] {
            try portal.worker(["UPDATE jobs SET phase = \(phase), phase_reason = 'because' WHERE id = \(job)"])
            let counts = try portal.api("GET", "/jobs/\(job.lower)").json["childJobStatusCounts"]
            #expect(counts?[word] == 3 && counts?.members?.compactMap(\.value.integer).reduce(0, +) == 3)
        }
    }

    @Test func anAttemptThatWasNotMadeIsNamed() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p', intent_at = now(), status = 'Succeeded',
                status_source = 'poll', started_at = now(), stopped_at = now(), settled_at = now() WHERE id = \(job)
            """,
            "INSERT INTO attempts (job, n, log_stream) VALUES (\(job), 1, 's')",
            "INSERT INTO logs (job, attempt, stream, lines, complete) VALUES (\(job), 1, 's', 0, true)",
        ])
        let missing = try portal.api("GET", "/jobs/\(job.lower)/log?attempt=9").json["missing"]
        #expect(missing?["cause"] == "notApplicable")
        #expect(missing?["detail"]?.string?.contains("no attempt 9") == true)
        #expect(try portal.api("GET", "/jobs/\(job.lower)/log?attempt=1").json["total"] == 0)
    }

    @Test func aLostJobRunsNoLonger() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            """
            UPDATE jobs SET phase = 'lost', provider_job_id = 'p', intent_at = now(), status = 'Running',
                status_source = 'poll', started_at = now() - interval '99 hours', settled_at = now(), phase_reason = 'gone'
            WHERE id = \(job)
            """,
            "INSERT INTO attempts (job, n, started_at) VALUES (\(job), 1, now() - interval '99 hours')",
        ])
        let own = try text("/jobs/\(job.lower)", &portal)
        #expect(!own.contains("4 d 3 h</dd>") && own.contains("not known"))
        #expect(!own.contains("4 d 3 h</td>"))
        #expect(try portal.api("GET", "/jobs/\(job.lower)").json["missing"]?["stoppedAt"]?["cause"] == "lost")
        #expect(try !text("/jobs", &portal).contains("data-k=\"ran\""))
    }

    @Test func aRefusedJobSaysWhatAWSSaid() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        try portal.worker([
            """
            UPDATE jobs SET phase = 'refused', phase_reason = 'no such queue', intent_at = now(), settled_at = now(),
                capture = 'complete' WHERE id = \(job)
            """
        ])
        let json = try portal.api("GET", "/jobs/\(job.lower)").json
        #expect(json["missing"]?["jobExitCode"]?["detail"] == "AWS refused the job: no such queue")
        let own = try text("/jobs/\(job.lower)", &portal)
        #expect(!own.contains("not sent yet") && !own.contains("everything captured"))
        #expect(!own.contains("the job failed before") && !own.contains("The code wrote no file"))
    }
}

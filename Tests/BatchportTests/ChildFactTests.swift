import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What a child's page and answer say of it, and how it is found.
struct ChildFactTests {
    private func text(_ path: String, _ portal: inout Portal) throws -> String {
        let page = try portal.page(path)
        #expect(page.status == 200, "\(path)")
        return page.text
    }

    private static let outcome = """
        {"version": 1, "job": "x", "child": 0, "attempt": 1, "phase": "complete", "exitCode": 1, "startedAt": 1790000000000,
         "stoppedAt": 1790000001500, "cpuMilliseconds": 500, "elapsedMilliseconds": 1500, "outputs": [],
         "result": {"missing": {"cause": "failed", "detail": "The code defines no function g."}}, "messages": ["a note"],
         "evaluation": {"success": false, "messages": ["no g"], "inputForm": null}}
        """

    /// An array that has ended, its last child failed.
    private func ended(_ portal: inout Portal, children: Int = 2) throws -> UUID {
        let job = try portal.submitted([
            "jobType": "Array", "elements": .array((0..<children).map { JSONValue($0) }),
            "method": ["childJobs": JSONValue(children)],
            "code": ["language": "python", "source": "def f(x): return x"],
        ])
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'p-4711', intent_at = now(), status = 'Failed',
                status_source = 'poll', settled_at = now(), capture = 'complete', captured_at = now(),
                child_statuses = jsonb_build_object('Succeeded', \(children)::int - 1, 'Failed', 1) WHERE id = \(job)
            """,
            """
            UPDATE children SET status = CASE k WHEN \(children - 1) THEN 'Failed' ELSE 'Succeeded' END,
                status_since = now(), capture = 'complete', captured_at = now(), exit_code = 0, attempts = 1,
                status_reason = 'Essential container in task exited' WHERE job = \(job)
            """,
            "UPDATE children SET exit_code = 1, outcome = \(Self.outcome)::text::jsonb WHERE job = \(job) AND status = 'Failed'",
        ])
        return job
    }

    @Test func theRunnersReasonIsTheResults() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let item = try portal.api("GET", "/jobs/\(job.lower)/results").json["items"]?[1]
        #expect(item?["missing"]?["cause"] == "failed")
        #expect(item?["missing"]?["detail"] == "Child 1: The code defines no function g.")
        let failures = try portal.api("GET", "/jobs/\(job.lower)/children").json["failures"]
        #expect(failures?[0]?["reason"] == "The code defines no function g.")
        #expect(try text("/jobs/\(job.lower)/children", &portal).contains("The code defines no function g."))
    }

    @Test func theDataOfAnEvaluationIsInTheAPIsOwnTerms() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let path = "/jobs/\(job.lower)/children/1"
        let data = try portal.api("GET", path + "/properties/EvaluationData").json["value"]
        #expect(data?["startedAt"] == "2026-09-21T14:13:20Z" && data?["stoppedAt"] == "2026-09-21T14:13:21Z")
        for name in ["phase", "version", "job", "child", "attempt"] { #expect(data?[name] == nil, "\(name)") }
        #expect(data?["success"] == false && data?["messages"] == ["no g"] && data?["notes"] == ["a note"])
        #expect(data?["result"] == nil && data?["results"]?.string == "/api/v1\(path)/results")
        let single = try portal.submitted()
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'q', intent_at = now(), status = 'Succeeded', exit_code = 0,
                status_source = 'poll', settled_at = now(),
                outcome = '{"exitCode": 0, "phase": "complete", "messages": ["a"], "startedAt": 1790000000000}'
            WHERE id = \(single)
            """,
            "INSERT INTO results (job, value) VALUES (\(single), '[1]')",
        ])
        let own = try portal.api("GET", "/jobs/\(single.lower)/properties/EvaluationData").json["value"]
        #expect(own?["success"] == true && own?["result"] == [1] && own?["messages"] == ["a"])
        #expect(own?["phase"] == nil && own?["startedAt"] == "2026-09-21T14:13:20Z")
    }

    @Test func noRecordYetIsNotNoRecord() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        func detail() throws -> JSONValue? {
            try portal.api("GET", "/jobs/\(job.lower)/children/0/properties/EvaluationTiming").json["missing"]
        }
        let never = try detail()
        #expect(never?["cause"] == "notProvided")
        try portal.worker(["UPDATE children SET capture = 'pending' WHERE job = \(job)"])
        let later = try detail()
        #expect(later?["cause"] == "notCaptured" && later?["detail"] != never?["detail"])
    }

    @Test func theLongPropertiesComeInPages() throws {
        var portal = try Portal()
        let job = try ended(&portal, children: 5)
        for name in ["ChildJobExitCodes", "ChildJobEvaluationTimings", "EvaluationResults", "ChildJobEvaluationData"] {
            let path = "/jobs/\(job.lower)/properties/\(name)"
            var (seen, cursor, pages): (Int, String?, Int) = (0, nil, 0)
            repeat {
                let page = try portal.api("GET", path + "?limit=2" + (cursor.map { "&cursor=" + $0 } ?? "")).json[
                    "value"]
                seen += page?["items"]?.array?.count ?? 0
                (cursor, pages) = (page?["nextCursor"]?.string, pages + 1)
            } while cursor != nil && pages < 9
            #expect(seen == 5 && pages == 3, "\(name)")
            #expect(try portal.api("GET", path + "?limit=0").status == 400, "\(name)")
            #expect(try portal.api("GET", path + "?cursor=x").status == 400, "\(name)")
            #expect(try portal.api("GET", path + "?page=2").status == 400, "\(name)")
        }
        #expect(try portal.api("GET", "/jobs/\(job.lower)/properties/JobName?limit=2").status == 400)
    }

    @Test func anArraysFilesAreItsChildrens() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        for path in ["a.txt", "b.txt"] {
            try portal.worker([
                """
                INSERT INTO outputs (job, child, path, attempt, key, size, content_type)
                VALUES (\(job), 1, \(path), 1, 'k', 7, 'text/plain')
                """
            ])
        }
        for page in ["", "/outputs"] {
            let text = try text("/jobs/\(job.lower)\(page)", &portal)
            #expect(!text.contains("The code wrote no file"), "\(page)")
            #expect(text.contains("2 files") && text.contains("/jobs/\(job.lower)/children/1#outputs"), "\(page)")
        }
        let missing = try portal.api("GET", "/jobs/\(job.lower)/outputs").json["missing"]
        #expect(missing?["cause"] == "notApplicable")
    }

    @Test func aChildsPageSaysWhatASingleJobsSays() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let page = try text("/jobs/\(job.lower)/children/1", &portal)
        #expect(page.contains("<b>AWS’s word</b>, polled, ") && page.contains("everything captured at "))
        #expect(page.contains("<details><summary>Show all 31</summary>") && page.contains("EvaluationTiming"))
        #expect(page.contains("CPU time") && page.contains("no g"))
    }

    @Test func aChildsStopSaysByWhom() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        try portal.worker([
            """
            UPDATE children SET stop_requested_at = now(), stop_requested_by = (SELECT owner FROM jobs WHERE id = \(job)),
                stop_reason = 'enough' WHERE job = \(job) AND k = 1
            """
        ])
        let path = "/jobs/\(job.lower)/children/1"
        let stop = try portal.api("GET", path).json["stop"]
        #expect(stop?["by"]?.string == portal.member.name && stop?["reason"] == "enough")
        #expect(try portal.page(path).text.contains("asked for by Mia"))
    }

    @Test func aChildIsFoundByAWSsId() throws {
        var portal = try Portal()
        let job = try ended(&portal)
        let child = try portal.api("GET", "/jobs/p-4711:1")
        #expect(child.status == 200 && child.json["jobType"] == "ArrayChild" && child.json["child"] == 1)
        #expect(try portal.api("GET", "/jobs/p-4711:2").status == 404)
        #expect(try portal.api("GET", "/jobs/p-4711:01").status == 404)
        #expect(try portal.api("GET", "/jobs/p-4711:1", as: portal.stranger).status == 404)
        let page = try portal.page("/jobs/p-4711:1")
        #expect(page.status == 303 && page.headers.first("location") == "/jobs/\(job.lower)/children/1")
    }
}

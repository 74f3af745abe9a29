import Batchport
import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

/// A job run again, with the very files that it had.
struct ResubmissionTests {
    private func first(_ portal: inout Portal) throws -> UUID {
        try portal.submitted(["name": "first", "inputFiles": ["a b.csv": ["base64": "eHl6"], "c": ["base64": "eA=="]]])
    }

    @Test func overTheAPI() throws {
        var portal = try Portal()
        let job = try first(&portal)
        let body = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
        #expect(body["inputFiles"]?["a b.csv"]?["upload"]?.string != nil)
        #expect(try portal.submit(body).status == 201)
        #expect(
            try portal.count(
                "SELECT count(*) FROM (SELECT FROM job_inputs GROUP BY upload, name HAVING count(*) = 2) AS shared")
                == 2)
        // An admin sees the job, but its files are its owner's.
        let foreign = try portal.api("GET", "/jobs/\(job.uuidString)/submission", as: portal.admin).json
        #expect(foreign["inputFiles"]?["c"]?["upload"] == .null)
        #expect(try portal.submit(body, as: portal.admin).pointers == ["/inputFiles", "/inputFiles"])
    }

    @Test func onThePage() throws {
        var portal = try Portal()
        let job = try first(&portal)
        let page = try portal.page("/jobs/new?from=\(job.uuidString)")
        let upload = try #require(page.field("upload"))
        #expect(upload.hasSuffix(" a b.csv") && page.text.contains(">a b.csv<"))
        #expect(
            try portal.page("/jobs/new?from=\(job.uuidString)", as: portal.admin).text.contains(
                "to be added again: a b.csv, c"))
    }

    /// What is gone, or lies elsewhere, or is going just now, is not named.
    @Test func whatCannotBeSharedIsToBeAddedAgain() throws {
        let changes: [SQL] = [
            "DELETE FROM upload_chunks", "UPDATE uploads SET state = 'removing'", "UPDATE jobs SET bucket = 'another'",
        ]
        for change in changes {
            var portal = try Portal()
            let job = try first(&portal)
            let body = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
            try portal.worker([change])
            let now = try portal.api("GET", "/jobs/\(job.uuidString)/submission").json
            #expect(now["inputFiles"]?["c"]?["upload"] == .null, "\(change.text)")
            #expect(try portal.submit(body).status == 422, "\(change.text)")
        }
    }
}

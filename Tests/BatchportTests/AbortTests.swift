import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Testing

/// Several jobs' end at once, on the page and over the API: a result for each.
struct AbortTests {
    private func add(_ portal: inout Portal) throws -> (open: [UUID], ended: UUID, foreign: UUID) {
        let open = try (1...2).map { try portal.submitted(["name": .string("open \($0)")]) }
        let ended = try portal.submitted(["name": "ended"])
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws-' || id, status = 'Succeeded', settled_at = now()
            WHERE id = \(ended)
            """,
            "UPDATE jobs SET phase = 'sent', provider_job_id = 'aws-' || id, status = 'Running' WHERE id = \(open[1])",
        ])
        return (open, ended, try portal.submitted(as: portal.stranger))
    }

    @Test func overTheAPI() throws {
        var portal = try Portal()
        let jobs = try add(&portal)
        let ids = [
            jobs.open[0].uuidString, "aws-" + jobs.open[1].uuidString.lowercased(), jobs.ended.uuidString,
            jobs.foreign.uuidString, "nonsense",
        ]
        let body: JSONValue = ["jobs": JSONValue(ids), "reason": "enough"]
        let first = try portal.api("POST", "/aborts", body)
        #expect(first.status == 202)
        let items = first.json["items"]?.array ?? []
        #expect(items.map { $0["job"]?.string } == ids)
        #expect(
            items.map { $0["outcome"]?.string } == ["requested", "requested", "alreadyEnded", "notFound", "notFound"])
        #expect(items.map { $0["status"]?.integer } == [202, 202, 202, 404, 404])
        let again = try portal.api("POST", "/aborts", body).json["items"]?.array ?? []
        #expect(again.prefix(2).map { $0["outcome"]?.string } == ["alreadyRequested", "alreadyRequested"])
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_reason = 'enough'") == 2)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'stop'") == 2)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'job.abort'") == 2)
    }

    @Test func ofWhatCannotBeRead() throws {
        var portal = try Portal()
        #expect(try portal.api("POST", "/aborts", ["jobs": []]).pointers == ["/jobs"])
        let many = JSONValue((0...100).map { _ in UUID().uuidString })
        #expect(try portal.api("POST", "/aborts", ["jobs": many]).json["errors"]?[0]?["limit"]?.integer == 100)
        let job = try portal.submitted()
        let long: JSONValue = [
            "jobs": [.string(job.uuidString)], "reason": .string(String(repeating: "x", count: 257)),
        ]
        #expect(try portal.api("POST", "/aborts", long).pointers == ["/reason"])
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
    }

    @Test func onThePage() throws {
        var portal = try Portal()
        let jobs = try add(&portal)
        let list = try portal.page("/jobs")
        let token = try #require(list.field("form_token"))
        // What has ended has no box to tick.
        let boxes = list.text.components("<input type=\"checkbox\" name=\"job\" value=\"")
        #expect(Set(boxes) == Set(jobs.open.map { $0.uuidString.lowercased() }))
        #expect(try portal.form("/aborts", [("form_token", token)]).status == 422)
        let chosen = (jobs.open + [jobs.foreign]).map { ("job", $0.uuidString.lowercased()) }
        let asked = try portal.form("/aborts", [("form_token", token)] + chosen)
        #expect(asked.status == 200 && asked.text.contains("Abort 2 jobs?") && asked.text.contains("open 2"))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        let confirmed = [("form_token", token), ("confirmed", "yes")] + chosen
        let long = ("reason", String(repeating: "x", count: 257))
        #expect(try portal.form("/aborts", confirmed + [long]).status == 422)
        let done = try portal.form("/aborts", confirmed + [("reason", "seen <enough>")])
        #expect(done.status == 303)
        let result = try portal.page(try #require(done.headers.first("location")))
        #expect(result.text.contains("is not confirmed yet") && result.text.contains("One of them is not there"))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_reason = 'seen <enough>'") == 2)
        #expect(!(try portal.page("/jobs").text.contains("type=\"checkbox\"")))
        #expect(try portal.page("/aborts?ids=nonsense").status == 200)
        #expect(try portal.page("/aborts").status == 404)
    }

    @Test func whatIsForeignStaysAsItIs() throws {
        var portal = try Portal()
        let jobs = try add(&portal)
        _ = try portal.api("POST", "/aborts", ["jobs": [.string(jobs.open[0].uuidString)]], as: portal.stranger)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        let all = JSONValue((jobs.open + [jobs.foreign]).map(\.uuidString))
        let answer = try portal.api("POST", "/aborts", ["jobs": all], as: portal.admin)
        #expect((answer.json["items"]?.array ?? []).allSatisfy { $0["outcome"]?.string == "requested" })
    }
}

extension String {
    /// What stands behind each mark, up to the next quotation mark.
    fileprivate func components(_ mark: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: mark) {
            rest = rest[range.upperBound...]
            found.append(String(rest.prefix { $0 != "\"" }))
        }
        return found
    }
}

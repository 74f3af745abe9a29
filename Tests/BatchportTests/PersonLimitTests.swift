import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// What an admin allows one person: beside an environment's limits the smaller decides, and the error says whose it is.
struct PersonLimitTests {
    private func set(_ limits: [(String, String)], _ portal: inout Portal) throws -> Answer {
        var admin = Browser(portal.admin)
        return try admin.act(&portal, "/admin/people/\(portal.member.id.lower)/limits", limits)
    }

    /// Limit, what it is set to, what asks for one more, the field that is then refused.
    private static let smaller: [(String, String, JSONValue, String, Int)] = [
        ("vcpuCount", "2", ["settings": ["vcpuCount": 3]], "/settings/vcpuCount", 2),
        ("gpuCount", "0", ["settings": ["gpuCount": 1]], "/settings/gpuCount", 0),
        ("memory", "1024", ["settings": ["memory": 2048]], "/settings/memory", 1024),
        ("timeConstraint", "60", ["timeConstraint": 61], "/timeConstraint", 60),
        (
            "arraySize", "2",
            [
                "jobType": "Array", "elements": [1, 2, 3], "method": ["childJobs": 3],
                "code": ["language": "python", "source": "def f(x): return x"],
            ], "/method/childJobs", 2
        ),
    ]

    @Test(arguments: 0..<5)
    func theSmallerDecides(which: Int) throws {
        let (name, most, change, pointer, limit) = Self.smaller[which]
        var portal = try Portal()
        try portal.owner("UPDATE environments SET max_gpus = 4")
        #expect(try portal.submit(portal.submission(change)).status == 201)
        #expect(try set([(name, most)], &portal).status == 303)
        let refused = try portal.submit(portal.submission(change))
        let error = refused.json["errors"]?.array?.first { $0["pointer"]?.string == pointer }
        #expect(refused.status == 422 && error?["limit"]?.integer == limit, "\(refused.text)")
        #expect(error?["message"]?.string?.contains("allowed to you, wherever you submit") == true, "\(refused.text)")
        // Of another person it is nothing, and the environment's smaller one stays the environment's.
        #expect(try portal.submit(portal.submission(change), as: portal.stranger).status == 201)
        #expect(try set([(name, "10000")], &portal).status == 303)
        try portal.owner(
            "UPDATE environments SET max_vcpus = 2, max_gpus = 0, max_memory_mib = 1024, max_seconds = 60, max_children = 2"
        )
        let theirs = try portal.submit(portal.submission(change))
        #expect(theirs.status == 422 && theirs.text.contains("allowed here") && !theirs.text.contains("allowed to you"))
    }

    @Test func jobsAreCountedInAllEnvironmentsTogether() throws {
        var portal = try Portal()
        let code = { (answer: Answer) in answer.json["errors"]?[0]?["code"]?.string }
        #expect(try set([("concurrentJobs", "2")], &portal).status == 303)
        for _ in 0..<2 { #expect(try portal.submit(portal.submission()).status == 201) }
        let full = try portal.submit(portal.submission())
        #expect(full.status == 422 && code(full) == "personConcurrentJobs" && full.text.contains("jobs of yours"))
        try portal.owner("UPDATE jobs SET environment_name = 'elsewhere', phase = 'neverSent', settled_at = now()")
        #expect(try portal.submit(portal.submission()).status == 201)
        #expect(try set([("jobsPerDay", "3")], &portal).status == 303)
        #expect(try code(portal.submit(portal.submission())) == "personJobsPerDay")
        #expect(try portal.submit(portal.submission(), as: portal.stranger).status == 201)
        try portal.owner("UPDATE jobs SET submitted_at = now() - interval '25 hours'")
        #expect(try portal.submit(portal.submission()).status == 201)
    }

    @Test func uploadsToo() throws {
        var portal = try Portal()
        #expect(try set([("uploadBytes", "10")], &portal).status == 303)
        let body: JSONValue = ["environment": "local", "name": "a", "size": 11]
        let answer = try portal.api("POST", "/uploads", body)
        #expect(answer.status == 422 && answer.text.contains("allowed to you") && answer.pointers == ["/size"])
        #expect(try portal.api("POST", "/uploads", body, as: portal.stranger).status == 201)
    }

    @Test func theFormShowsThemAll() throws {
        var portal = try Portal()
        try portal.owner("UPDATE environments SET max_concurrent_jobs = 30, max_jobs_day_person = 40")
        let before = try portal.page("/jobs/new").text
        #expect(before.contains("30 of everyone here") && before.contains("40 of each person here"))
        #expect(!before.contains("your own limit"))
        #expect(try set([("vcpuCount", "1"), ("jobsPerDay", "7"), ("timeConstraint", "90")], &portal).status == 303)
        let page = try portal.page("/jobs/new").text
        #expect(page.contains("40 of each person here, 7 of yours anywhere"))
        #expect(page.contains("<dt>vCPUs</dt><dd><b>1</b> <span class=\"dim\">your own limit"))
        #expect(page.contains("<b>90 s</b> <span class=\"dim\">own limit"))
        #expect(try !portal.page("/jobs/new", as: portal.stranger).text.contains("your own limit"))
    }

    @Test func whatIsNoLimitIsSaidAndNothingChanges() throws {
        var portal = try Portal()
        #expect(try set([("vcpuCount", "2")], &portal).status == 303)
        for (name, text) in [("vcpuCount", "0"), ("memory", "3"), ("arraySize", "10001"), ("jobsPerDay", "<b>")] {
            let answer = try set([(name, text)], &portal)
            #expect(answer.status == 422 && answer.text.contains("id=\"limits-\(name)-error\""), "\(name)")
            let shown = text.replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            #expect(answer.text.contains(" value=\"\(shown)\" inputmode"), "\(name)")
        }
        #expect(try portal.count("SELECT count(*) FROM people WHERE limits = '{\"vcpuCount\": 2}'") == 1)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'person.limitsChanged'") == 1)
        #expect(try set([], &portal).status == 303)
        #expect(try portal.count("SELECT count(*) FROM people WHERE limits = '{}'") == 3)
        var member = Browser(portal.member)
        #expect(try member.act(&portal, "/admin/people/\(portal.member.id.lower)/limits").status == 404)
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Limits that an admin edits, and what an admin sees of the machinery.
struct LimitTests {
    @Test func areSavedTogetherAndAudited() throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let page = try admin.get(&portal, "/admin/limits")
        #expect(page.text.contains("name=\"token.days\"") || page.text.contains("id=\"token.days\""))
        let saved = try admin.post(
            &portal, "/admin/limits",
            [("token.days", "30"), ("session.stepUpSeconds", "300"), ("code.bytes", "262144")],
            from: page)
        #expect(saved.status == 303)
        #expect(
            try portal.count(
                "SELECT count(*) FROM limits WHERE (name, value) IN (('token.days', 30), ('session.stepUpSeconds', 300))"
            ) == 2)
        let entries =
            try portal.api("GET", "/admin/audit?action=limit.changed", as: portal.admin).json["items"]?.array ?? []
        #expect(Set(entries.compactMap { $0["detail"]?["limit"]?.string }) == ["token.days", "session.stepUpSeconds"])
        #expect(entries.contains { $0["detail"]?["from"]?.integer == 90 && $0["detail"]?["to"]?.integer == 30 })
    }

    @Test(arguments: [
        ("token.days", "0"), ("token.days", "367"), ("token.days", "x"), ("token.days", ""), ("token.days", "1.5"),
        ("session.adminIdleSeconds", "901"), ("session.stepUpSeconds", "59"), ("code.bytes", "-1"),
        ("code.bytes", "99999999999999999999"),
    ])
    func outOfBoundsNothingIsSaved(name: String, text: String) throws {
        var portal = try Portal()
        var admin = Browser(portal.admin)
        let page = try admin.get(&portal, "/admin/limits")
        let answer = try admin.post(&portal, "/admin/limits", [("invitation.hours", "5"), (name, text)], from: page)
        #expect(answer.status == 422 && answer.text.contains("\(name) must be a whole number from"))
        #expect(try portal.count("SELECT value FROM limits WHERE name = 'invitation.hours'") == 72)
    }

    @Test func aMemberSetsNone() throws {
        var portal = try Portal()
        #expect(try portal.page("/admin/limits").status == 404)
        var web = try portal.database.connect(.web)
        web.identity = portal.member.session
        for statement in ["SELECT set_limit('token.days', 1)", "SELECT system_facts()"] as [SQL] {
            let error = #expect(throws: PostgresError.self) { try web.execute(statement) }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test func theSystemPageTellsTheQueue() throws {
        var portal = try Portal()
        _ = try portal.submitted()
        try portal.worker(["INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), false, 'no key')"])
        let page = try portal.page("/admin/system", as: portal.admin)
        #expect(page.status == 200)
        for text in ["submit", "available", "no key", "schema version \(PortalSchema.versions.upperBound)"] {
            #expect(page.text.contains(text), "\(text)")
        }
        #expect(try portal.page("/admin/system").status == 404)
    }

    /// On the page and on the terminal; what an error quotes reaches neither as more than text.
    @Test func whatTasksRanIntoIsTold() throws {
        var portal = try Portal()
        #expect(try portal.page("/admin/system", as: portal.admin).text.contains("has met an error"))
        try portal.owner(
            """
            INSERT INTO tasks (kind, state, attempt, max_attempts, last_error, finished_at, run_at) VALUES
                ('track', 'retryable', 3, 25, 'slow <AWS>' || E'\\x1b]52;c;eA==\\x07\\nnext', NULL, now() + interval '1 hour'),
                ('capture', 'discarded', 25, 25, 'given up for good', now(), now()),
                ('capture', 'discarded', 25, 25, 'of the day before', now() - interval '2 days', now()),
                ('submit', 'done', 1, 25, NULL, now(), now()), ('submit', 'available', 0, 25, NULL, NULL, now())
            """)
        let page = try portal.page("/admin/system", as: portal.admin).text
        #expect(page.contains("slow &lt;AWS&gt;") && page.contains("3 of 25") && page.contains("again in"))
        #expect(page.contains("given up for good") && !page.contains("of the day before"))
        var owner = try portal.database.connect(.migrate)
        var filter = Administration.TaskFilter()
        let all = try Administration.tasks(filter, in: &owner)
        #expect(all.count == 5 && all[0].hasPrefix("NUMBER  KIND"))
        #expect(all[1].contains("track") && all[1].contains("3/25") && all[1].hasSuffix("slow <AWS>]52;c;eA== next"))
        #expect(all[4].contains("submit") && all[4].contains("now"))
        filter.limit = 1
        #expect(try Administration.tasks(filter, in: &owner).last == "There are more than these 1.")
        (filter.limit, filter.states, filter.kind) = (100, [.discarded], "capture")
        #expect(try Administration.tasks(filter, in: &owner).count == 3)
        filter.states = [.done]
        #expect(try Administration.tasks(filter, in: &owner) == ["There is no such task."])
    }

    @Test func theSystemPageTellsWorkersCallsAndTheLastBackup() throws {
        var portal = try Portal()
        #expect(try portal.page("/admin/system", as: portal.admin).text.contains("None is known"))
        var worker = try portal.database.connect(.worker)
        let sign = SignOfLife(threads: 6)
        try worker.show(sign, tasks: 2, vault: nil)
        let place = Place(account: "000000000000", region: "us-local-1")
        let counts = CallCounts()
        counts.add(["DescribeJobs": 40, "SubmitJob": 1], at: place)
        counts.add(["DescribeJobs": 2], at: place)
        try worker.add(calls: counts.take())
        #expect(counts.take().isEmpty)
        try worker.add(calls: [CallCounts.Call(place: place, operation: "DescribeJobs"): 1000])
        try worker.slowDown(.listJobs, at: place)
        var owner = try portal.database.connect(.migrate)
        try Administration.noteBackup(bytes: 3 << 20, place: "s3://backups/<tonight>", in: &owner)
        let page = try portal.page("/admin/system", as: portal.admin).text
        for text in [
            "2 of 6", sign.host, "1,042", "SubmitJob", "ListJobs", "s3://backups/&lt;tonight&gt;", "Well",
        ] { #expect(page.contains(text), "\(text)") }
        // To be pasted behind `kill`.
        #expect(page.contains("<td role=\"cell\" class=\"num\" data-k=\"process\">\(sign.pid)</td>"))
        try portal.owner("UPDATE workers SET seen_at = now() - interval '5 minutes'")
        try portal.owner("UPDATE backups SET finished_at = now() - interval '3 days'")
        #expect(try portal.page("/admin/system", as: portal.admin).text.contains("silent for"))
        try worker.remove(sign)
        #expect(try portal.page("/admin/system", as: portal.admin).text.contains("No worker has shown itself"))
    }

    /// A thousand requests of two people over one connection (trust.md S21): nobody sees the other's.
    @Test func twoPeopleOverOneConnectionStayApart() throws {
        var portal = try Portal()
        let (mine, theirs) = (try portal.submitted().lower, try portal.submitted(as: portal.stranger).lower)
        for n in 0..<1000 {
            let (person, own, other) =
                n % 3 == 0 ? (portal.stranger, theirs, mine) : (portal.member, mine, theirs)
            let answer = try portal.api("GET", n % 2 == 0 ? "/jobs" : "/jobs/\(own)", as: person)
            guard answer.status == 200, answer.text.contains(own), !answer.text.contains(other) else {
                throw Unexpected("request \(n): \(answer.text)")
            }
        }
        portal.scope.database.identity = portal.member.session
        let stolen = try portal.scope.database.rows(
            "SELECT set_config('batchport.session', \(portal.stranger.id.uuidString), true), id FROM jobs"
        ) { try $0.uuid(1).lower }
        #expect(stolen.isEmpty || stolen == [mine])
    }
}

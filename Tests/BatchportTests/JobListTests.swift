import Batchport
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import TestSupport
import Testing

/// The list of jobs: order, pages, filters, and what a page costs.
struct JobListTests {
    /// Jobs of one person, a second apart, the last the newest.
    private func add(_ count: Int, to portal: borrowing Portal, owner: UUID) throws {
        try portal.owner(
            """
            INSERT INTO jobs (owner, environment, environment_version, credential, name, language, code, settings, effective,
                account, region, bucket, prefix, job_queue, job_definition, with_runner, provider_job_name, submitted_at)
            SELECT \(owner), \(portal.environment), 1, \(portal.credential), 'job ' || n, 'python', '', '{}', '{}',
                '000000000000', 'us-local-1', 'b', 'p/', 'q', 'd', true, gen_random_uuid()::text,
                now() - \(count) * interval '1 s' + n * interval '1 s'
            FROM generate_series(1, \(count)) n
            """)
    }

    private func names(_ answer: Answer) -> [String] {
        (answer.json["items"]?.array ?? []).compactMap { $0["jobName"]?.string }
    }

    @Test func pagesStayPutWhileJobsCome() throws {
        var portal = try Portal()
        try add(7, to: portal, owner: portal.member.id)
        try add(3, to: portal, owner: portal.stranger.id)
        var seen: [String] = []
        var cursor: String?
        repeat {
            let answer = try portal.api("GET", "/jobs?limit=3" + (cursor.map { "&cursor=" + $0 } ?? ""))
            seen += names(answer)
            cursor = answer.json["nextCursor"]?.string
            _ = try portal.submitted(["name": "newer"])
        } while cursor != nil
        #expect(seen == (1...7).reversed().map { "job \($0)" })
    }

    @Test func jobsOfTheSameMomentAreAllShown() throws {
        var portal = try Portal()
        try add(9, to: portal, owner: portal.member.id)
        try portal.owner("UPDATE jobs SET submitted_at = '2026-11-01T00:00:00Z'")
        var seen: Set<String> = []
        var cursor: String?
        repeat {
            let answer = try portal.api("GET", "/jobs?limit=2" + (cursor.map { "&cursor=" + $0 } ?? ""))
            seen.formUnion(names(answer))
            cursor = answer.json["nextCursor"]?.string
        } while cursor != nil
        #expect(seen.count == 9)
    }

    @Test func eachSeesTheirOwnAndAnAdminAll() throws {
        var portal = try Portal()
        try add(2, to: portal, owner: portal.member.id)
        try add(3, to: portal, owner: portal.stranger.id)
        #expect(try names(portal.api("GET", "/jobs")).count == 2)
        #expect(try names(portal.api("GET", "/jobs", as: portal.stranger)).count == 3)
        let all = try portal.api("GET", "/jobs", as: portal.admin)
        #expect(names(all).count == 5)
        #expect(Set((all.json["items"]?.array ?? []).compactMap { $0["owner"]?["name"]?.string }).count == 2)
        #expect(try names(portal.api("GET", "/jobs?owner=me", as: portal.admin)).isEmpty)
        let own = try portal.api("GET", "/jobs").json["items"]?[0]?["owner"]
        #expect(own?["name"]?.string == portal.member.name)
    }

    @Test func filters() throws {
        var portal = try Portal()
        let done = try portal.submitted(["name": "alpha done"])
        let running = try portal.submitted(["name": "beta running"])
        _ = try portal.submitted(["name": "gamma queued"])
        try portal.worker([
            "UPDATE jobs SET phase = 'sent', provider_job_id = id::text WHERE id IN (\(done), \(running))",
            "UPDATE jobs SET status = 'Running' WHERE id = \(running)",
            "UPDATE jobs SET status = 'Failed', status_reason = 'why', settled_at = now() WHERE id = \(done)",
        ])
        let expected: [(String, [String])] = [
            ("status=Running", ["beta running"]), ("status=Running,Failed", ["beta running", "alpha done"]),
            ("phase=queued", ["gamma queued"]), ("settled=true", ["alpha done"]),
            ("settled=false", ["gamma queued", "beta running"]),
            ("environment=local", ["gamma queued", "beta running", "alpha done"]),
            ("environment=\(portal.environment.uuidString)&status=Failed", ["alpha done"]), ("environment=nowhere", []),
            ("q=ALPHA", ["alpha done"]), ("q=status%3Afailed", ["alpha done"]),
            ("q=status%3Aqueued%20gamma", ["gamma queued"]),
            ("q=%25", []), ("type=Array", []), ("type=Single&status=Failed", ["alpha done"]),
            ("ids=\(done.uuidString)", ["alpha done"]), ("since=2000-01-01T00:00:00Z&status=Failed", ["alpha done"]),
            ("until=2000-01-01T00:00:00Z", []),
        ]
        for (query, wanted) in expected {
            let answer = try portal.api("GET", "/jobs?" + query)
            #expect(names(answer) == wanted, "\(query): \(answer.text.prefix(200))")
        }
        let page = try portal.page("/jobs?q=status%3Afailed").text
        #expect(page.contains("alpha done") && !page.contains("beta running") && page.contains(">why<"))
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=1-2", "status=Sleeping", "phase=x", "settled=1",
        "type=Double",
        "owner=somebody", "since=yesterday", "ids=x", "state=Failed", "limit=1&limit=2", "q=nokey%3Ax",
    ])
    func queriesThatCannotBeRead(query: String) throws {
        var portal = try Portal()
        let answer = try portal.api("GET", "/jobs?" + query)
        #expect(answer.status == 400 && answer.json["detail"]?.string?.isEmpty == false)
    }

    @Test func aTagSpareswhatIsKnown() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        for path in ["/jobs", "/jobs/\(job.uuidString)"] {
            let first = try portal.api("GET", path)
            let tag = try #require(first.headers.first("etag"))
            for header in [tag, "W/" + tag, "\"other\", " + tag, "*"] {
                let again = try portal.api("GET", path, as: portal.member, [("if-none-match", header)])
                #expect(again.status == 304 && again.bytes.isEmpty, "\(path) \(header)")
            }
            #expect(try portal.api("GET", path, as: portal.member, [("if-none-match", "\"x\"")]).status == 200)
            try portal.worker(["UPDATE jobs SET phase_reason = \(path)"])
            #expect(try portal.api("GET", path, as: portal.member, [("if-none-match", tag)]).status == 200)
        }
        #expect(try portal.page("/jobs").headers.first("etag") == nil)
        #expect(Int(try portal.api("GET", "/jobs/\(job.uuidString)").headers.first("retry-after") ?? "") == 1)
    }

    /// A person with few old jobs among many others reads their own index, an admin the newest: never the whole table.
    @Test func readsNoMoreThanItShows() throws {
        var portal = try Portal()
        try add(60, to: portal, owner: portal.member.id)
        try portal.owner("UPDATE jobs SET submitted_at = submitted_at - interval '1 year'")
        try add(3000, to: portal, owner: portal.stranger.id)
        try portal.owner("ANALYZE jobs")
        for person in [portal.member, portal.admin] {
            let before = try rowsRead(portal)
            #expect(try names(portal.api("GET", "/jobs", as: person)).count == 50)
            #expect(try rowsRead(portal) - before <= 120)
        }
    }

    private func rowsRead(_ portal: borrowing Portal) throws -> Int {
        var connection = try portal.database.connect(.superuser)
        try connection.execute("SELECT pg_stat_force_next_flush()")
        try connection.execute("SELECT pg_stat_clear_snapshot()")
        return try connection.row(
            """
            SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables WHERE relname = 'jobs'
            """
        ) { try $0.int(0) } ?? -1
    }
}

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
        let running = try portal.submitted(["name": "beta running", "tags": ["stage": "test"]])
        let provider = UUID().uuidString.lowercased()
        _ = try portal.submitted(["name": "gamma queued"])
        try portal.worker([
            "UPDATE jobs SET phase = 'sent', provider_job_id = id::text WHERE id IN (\(done), \(running))",
            "UPDATE jobs SET status = 'Running', provider_job_id = \(provider) WHERE id = \(running)",
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
            ("until=2000-01-01T00:00:00Z", []), ("type=Array,Single&status=Running", ["beta running"]),
            ("q=type%3Aarray", []), ("q=-status%3Afailed%20-status%3Aqueued", ["beta running"]),
            ("q=-status%3Afailed,queued", ["beta running"]), ("q=-env%3Alocal", []),
            ("q=-env%3Aother%20beta", ["beta running"]),
            ("q=-beta%20-gamma", ["alpha done"]), ("q=settled%3Ano%20-beta", ["gamma queued"]),
            ("q=tag%3Astage", ["beta running"]), ("q=tag%3Astage%3Atest", ["beta running"]),
            ("q=tag%3Astage%3Areal", []),
            ("q=-tag%3Astage", ["gamma queued", "alpha done"]), ("q=owner%3Ame%20alpha", ["alpha done"]),
            ("q=-owner%3Ame", []), ("owner=\(portal.member.id.uuidString)&q=beta", ["beta running"]),
            ("owner=MIA@example.org&q=beta", ["beta running"]), ("owner=sam@example.org", []),
            ("q=owner%3Amia@example.org,me%20gamma", ["gamma queued"]),
            ("q=since%3A2000-01-01%20alpha", ["alpha done"]),
            ("q=before%3A2000-01-01T00:00:00Z", []), ("q=\(done.uuidString.lowercased())", ["alpha done"]),
            ("q=aws-\(running.uuidString.lowercased())", []), ("q=\(provider)", ["beta running"]),
        ]
        for (query, wanted) in expected {
            let answer = try portal.api("GET", "/jobs?" + query)
            #expect(names(answer) == wanted, "\(query): \(answer.text.prefix(200))")
        }
        for (query, wanted) in expected {
            let page = try portal.page("/jobs?" + query)
            if page.status == 303 { continue }
            for name in ["alpha done", "beta running", "gamma queued"] {
                #expect(page.text.contains(">\(name)</a></th>") == wanted.contains(name), "\(query): \(name)")
            }
        }
        for id in [running.uuidString.lowercased(), provider] {
            let found = try portal.page("/jobs?q=" + id)
            #expect(
                found.status == 303 && found.headers.first("location") == "/jobs/\(running.uuidString.lowercased())")
            #expect(try portal.page("/jobs/" + id).text.contains("beta running"))
            #expect(try portal.page("/jobs?q=" + id, as: portal.stranger).text.contains("No job fits"))
        }
    }

    /// A link's own filters stay through the pages, and are named.
    @Test func thePageKeepsWhatItIsNarrowedTo() throws {
        var portal = try Portal()
        try add(3, to: portal, owner: portal.member.id)
        let page = try portal.page("/jobs?settled=false&limit=2&q=job").text
        #expect(page.contains("Only <code>settled=false</code>"))
        #expect(page.contains("<input type=\"hidden\" name=\"settled\" value=\"false\">"))
        #expect(page.contains("Older jobs") && !page.contains(">job 1</a>"))
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=1-2", "status=Sleeping", "phase=x", "settled=1",
        "type=Double",
        "since=yesterday", "ids=x", "state=Failed", "limit=1&limit=2", "q=nokey%3Ax", "q=status%3Afailed,asleep",
        "q=settled%3Amaybe", "q=since%3Ayesterday", "q=type%3Adouble", "q=env%3A", "q=-status%3Aasleep",
    ])
    func queriesThatCannotBeRead(query: String) throws {
        var portal = try Portal()
        _ = try portal.submitted(["name": "not shown"])
        let answer = try portal.api("GET", "/jobs?" + query)
        #expect(answer.status == 400 && answer.json["detail"]?.string?.isEmpty == false)
        let page = try portal.page("/jobs?" + query)
        #expect(page.status == 400 && !page.text.contains("not shown"))
    }

    @Test func everyFaultOfAQueryIsNamedAtOnce() throws {
        var portal = try Portal()
        let answer = try portal.api("GET", "/jobs?status=x&phase=y&since=z&cursor=c&limit=0&q=a:b")
        #expect(Set(answer.pointers) == ["/status", "/phase", "/since", "/cursor", "/limit", "/q"])
    }

    /// What the list says of a failed job, on the page and in the API, is the job's own verdict.
    @Test(arguments: JobPageTests.endings)
    func tellsWhyAJobFailed(
        ending: (reason: String?, code: Int?, attempt: String?, cause: String, line: String)
    ) throws {
        var portal = try Portal()
        let job = try JobPageTests.ended(ending, &portal)
        let (line, one) = (
            try portal.api("GET", "/jobs").json["items"]?[0], try portal.api("GET", "/jobs/\(job.uuidString)").json
        )
        let word = try #require(line?["verdict"]?["word"]?.string)
        #expect(line?["verdict"]?["cause"]?.string == ending.cause)
        #expect(one["verdict"]?["cause"] == line?["verdict"]?["cause"] && one["verdict"]?["word"]?.string == word)
        let page = try portal.page("/jobs").text
        #expect(page.contains("class=\"c-why\">\(word)</td>"))
        if let reason = ending.reason { #expect(!page.contains(reason)) }
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

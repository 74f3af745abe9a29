import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

struct EventTests {
    private func items(_ answer: Answer) -> [(seq: Int, job: String)] {
        (answer.json["items"]?.array ?? []).compactMap { item in
            guard let seq = item["seq"]?.integer, let job = item["job"]?.string else { return nil }
            return (seq, job)
        }
    }

    @Test func aReaderGoesOnWhereItStopped() throws {
        var portal = try Portal()
        let ids = [try portal.submitted(), try portal.submitted(), try portal.submitted()].map(\.lower)
        let first = try portal.api("GET", "/events?limit=2")
        #expect(first.status == 200)
        #expect(items(first).map(\.job) == Array(ids.prefix(2)))
        #expect(first.json["more"]?.bool == true)
        let next = try #require(first.json["nextAfter"]?.integer)
        #expect(items(try portal.api("GET", "/events?after=\(next)")).map(\.job) == [ids[2]])
        try portal.worker(["UPDATE jobs SET phase_reason = 'x' WHERE id::text = \(ids[0])"])
        let all = items(try portal.api("GET", "/events"))
        #expect(all.map(\.job) == [ids[1], ids[2], ids[0]])
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.seq < $1.seq })
        let end = try portal.api("GET", "/events?after=\(all[2].seq)")
        #expect(items(end).isEmpty)
        #expect(end.json["nextAfter"]?.integer == all[2].seq)
    }

    @Test func onlyOnesOwnJobsAreInIt() throws {
        var portal = try Portal()
        let id = try portal.submitted().lower
        #expect(items(try portal.api("GET", "/events", as: portal.stranger)).isEmpty)
        #expect(items(try portal.api("GET", "/events", as: portal.admin)).map(\.job) == [id])
    }

    /// What a grant shows in the list is in the feed as well, each job once and in order, whichever way it is seen.
    @Test func jobsThatAGrantShowsAreInIt() throws {
        var portal = try Portal()
        let (mine, theirs) = (try portal.submitted().lower, try portal.submitted(as: portal.stranger).lower)
        let team = UUID()
        try portal.owner("INSERT INTO teams (id, name) VALUES (\(team), 'a')")
        try portal.owner(
            "INSERT INTO team_members SELECT \(team), id FROM people WHERE email IN ('mia@example.org', 'sam@example.org')"
        )
        for (sees, jobs) in [("own", [theirs]), ("team", [mine, theirs]), ("all", [mine, theirs])] {
            try portal.owner("DELETE FROM environment_grants WHERE team IS NOT NULL")
            try portal.owner(
                "INSERT INTO environment_grants (environment, team, sees) SELECT id, \(team), \(sees) FROM environments"
            )
            #expect(items(try portal.api("GET", "/events", as: portal.stranger)).map(\.job) == jobs, "\(sees)")
            let first = items(try portal.api("GET", "/events?limit=1", as: portal.stranger))
            #expect(first.map(\.job) == [jobs[0]])
        }
        // Both at once: a mate's job in an environment that shows all is one job.
        try portal.owner(
            "INSERT INTO environment_grants (environment, sees) SELECT id, 'all' FROM environments ON CONFLICT DO NOTHING"
        )
        #expect(items(try portal.api("GET", "/events", as: portal.stranger)).map(\.job) == [mine, theirs])
        try portal.owner("INSERT INTO environment_managers SELECT id, \(portal.stranger.id) FROM environments")
        try portal.owner("DELETE FROM environment_grants")
        #expect(items(try portal.api("GET", "/events", as: portal.stranger)).map(\.job) == [mine, theirs])
        // And a token for another environment shows none of them.
        try portal.owner("UPDATE tokens SET environments = ARRAY[\(UUID())]")
        #expect(items(try portal.api("GET", "/events", as: portal.stranger)).isEmpty)
    }

    /// A transaction that took its number first and ends last is waited for, or its change would never be read.
    @Test func nothingIsPassedOverThatIsStillBeingWritten() throws {
        var portal = try Portal()
        let (slow, quick) = (try portal.submitted(), try portal.submitted())
        let before = try #require(try portal.api("GET", "/events").json["nextAfter"]?.integer)
        var connection = try portal.database.connect(.worker)
        try connection.transaction { connection in
            try connection.execute("UPDATE jobs SET phase_reason = 'slow' WHERE id = \(slow)")
            try portal.worker(["UPDATE jobs SET phase_reason = 'quick' WHERE id = \(quick)"])
            #expect(items(try portal.api("GET", "/events?after=\(before)")).isEmpty)
        }
        #expect(items(try portal.api("GET", "/events?after=\(before)")).map(\.job) == [slow, quick].map(\.lower))
    }

    @Test(arguments: ["after=x", "after=-1", "limit=0", "limit=1001", "page=2"])
    func badInputIsRefused(query: String) throws {
        var portal = try Portal()
        #expect(try portal.api("GET", "/events?" + query).status == 400)
    }
}

struct LookTests {
    /// A page or an answer that is read again and again is one write.
    @Test func aLookIsNotAWriteEachTime() throws {
        var portal = try Portal()
        let id = try portal.submitted()
        #expect(try portal.page("/jobs/\(id.lower)").status == 200)
        #expect(try portal.count("SELECT count(*) FROM looks") == 0)
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', intent_at = now(), provider_job_id = 'x', status = 'Running',
                status_since = now() WHERE id = \(id)
            """,
            "INSERT INTO attempts (job, n, log_stream) VALUES (\(id), 1, 's')",
            "DELETE FROM tasks",
        ])
        #expect(try portal.api("GET", "/jobs/\(id.lower)").status == 200)
        #expect(try portal.count("SELECT count(*) FROM looks") == 1)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'fetchLog'") == 1)
        try portal.worker(["DELETE FROM looks"])
        for path in ["/jobs/\(id.lower)", "/jobs/\(id.lower)/log"] { #expect(try portal.page(path).status == 200) }
        #expect(try portal.count("SELECT count(*) FROM looks") == 0)
    }

    @Test func nobodyLooksAtWhatTheyMayNotSee() throws {
        var portal = try Portal()
        let id = try portal.submitted()
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', intent_at = now(), provider_job_id = 'x', status = 'Running',
                status_since = now() WHERE id = \(id)
            """
        ])
        #expect(try portal.page("/jobs/\(id.lower)", as: portal.stranger).status == 404)
        #expect(try portal.count("SELECT count(*) FROM looks") == 0)
    }
}

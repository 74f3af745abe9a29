import FoundationEssentials
import JSON
import PostgreSQL
import Processes
import Synchronization
import TestSupport
import Testing

@testable import Batchport

/// How many jobs an environment takes, whoever asks at the same moment.
struct EnvironmentRoomTests {
    private func limit(_ change: SQL, _ portal: borrowing Portal) throws {
        try portal.owner("UPDATE environments SET \(fragment: change), version = version + 1")
    }

    private func refusal(_ portal: inout Portal, as person: Portal.Person? = nil) throws -> (code: String, limit: Int)?
    {
        let answer = try portal.submit(portal.submission(), as: person)
        guard answer.status == 422, let error = answer.json["errors"]?[0], error["pointer"] == "/environment" else {
            return answer.status == 201 ? nil : ("\(answer.status)", 0)
        }
        return (error["code"]?.string ?? "", error["limit"]?.integer ?? 0)
    }

    @Test func eachLimitCountsWhatItSays() throws {
        var portal = try Portal()
        try limit("max_concurrent_jobs = 3, max_concurrent_jobs_person = 2", portal)
        #expect(try refusal(&portal) == nil && refusal(&portal) == nil)
        #expect(try refusal(&portal) ?? ("", 0) == ("concurrentJobsPerPerson", 2))
        let asked = try portal.api("POST", "/jobs?validateOnly=true", portal.submission())
        #expect(asked.status == 422 && asked.json["errors"]?[0]?["code"] == "concurrentJobsPerPerson")
        #expect(try refusal(&portal, as: portal.stranger) == nil)
        #expect(try refusal(&portal, as: portal.stranger) ?? ("", 0) == ("concurrentJobs", 3))
        // What is settled is no longer on its way, but was submitted today.
        try portal.owner("UPDATE jobs SET phase = 'neverSent', settled_at = now()")
        try limit("max_jobs_day = 5, max_jobs_day_person = 3", portal)
        #expect(try refusal(&portal) == nil)
        #expect(try refusal(&portal) ?? ("", 0) == ("jobsPerDayPerPerson", 3))
        #expect(try refusal(&portal, as: portal.stranger) == nil)
        #expect(try refusal(&portal, as: portal.stranger) ?? ("", 0) == ("jobsPerDay", 5))
        try portal.owner("UPDATE jobs SET submitted_at = now() - interval '25 hours'")
        #expect(try refusal(&portal) == nil)
    }

    @Test func aLimitOfOneIsSaidInTheSingular() throws {
        var portal = try Portal()
        try limit("max_concurrent_jobs_person = 1", portal)
        _ = try portal.submitted()
        let said = try portal.submit(portal.submission()).json["errors"]?[0]?["message"]
        #expect(said == "At most one job of one person may be on its way here at once, and there is one already.")
    }

    @Test func loweredBelowWhatIsThereItTakesNoMoreAndStopsNothing() throws {
        var portal = try Portal()
        for _ in 0..<3 { #expect(try refusal(&portal) == nil) }
        try limit("max_concurrent_jobs = 1", portal)
        #expect(try refusal(&portal) ?? ("", 0) == ("concurrentJobs", 1))
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE settled_at IS NULL") == 3)
    }

    /// Four threads at once, ten submissions each, room for five.
    @Test func aRaceLetsInAsManyAsThereIsRoomFor() throws {
        let portal = try Portal()
        try limit("max_concurrent_jobs = 5", portal)
        let statuses = Mutex<[Int: Int]>([:])
        let (site, web, token) = (portal.site, portal.database.conninfo(.web), portal.member.token)
        let body = portal.submission().serialized()
        let threads = try (0..<4).map { _ in
            try Thread.start(name: "client") {
                do {
                    var scope = Scope(database: try Connection(web), site: site)
                    for _ in 0..<10 {
                        let answer = try Portal.send(
                            "POST", "/api/v1/jobs",
                            [
                                ("authorization", "Bearer " + token), ("content-type", "application/json"),
                                ("idempotency-key", UUID().uuidString),
                            ], body: body, in: &scope)
                        statuses.withLock { $0[answer.status, default: 0] += 1 }
                    }
                } catch {
                    statuses.withLock { $0[0, default: 0] += 1 }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(statuses.withLock { $0 } == [201: 5, 422: 35])
        #expect(try portal.count("SELECT count(*) FROM jobs") == 5)
    }

    /// Checked against a version that is no more when the job is to be stored.
    @Test func nothingIsStoredForAVersionThatIsNoMore() throws {
        var portal = try Portal()
        let (member, vaultKey, body) = (portal.member.id, portal.site.vaultKey, portal.submission())
        portal.scope.database.identity = portal.member.session
        let prepared = try portal.scope.database.transaction { database in
            try Submit.prepare(JobRequest(json: body), by: member, in: &database)
        }
        try limit("enabled = true", portal)
        let failure = #expect(throws: Failure.self) {
            try portal.scope.database.transaction { database in
                try Submit.store(prepared, by: member, sealing: vaultKey, in: &database)
            }
        }
        #expect(failure?.status == 409)
    }
}

import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Everybody sees their own limits and how much of them is used, and admins everybody's.
struct PersonUseTests {
    private func limits(_ portal: inout Portal, of person: Portal.Person? = nil) throws -> JSONValue? {
        try portal.api("GET", "/me", as: person).json["limits"]
    }

    private func set(_ limits: String, _ portal: borrowing Portal) throws {
        try portal.owner("UPDATE people SET limits = \(limits)::jsonb WHERE id = \(portal.member.id)")
    }

    @Test func withoutALimitBothAreMissingAndSayWhy() throws {
        var portal = try Portal()
        _ = try portal.submitted()
        let all = try #require(try limits(&portal))
        #expect(all.members?.map(\.name).sorted() == PersonLimits.Name.allCases.map(\.rawValue).sorted())
        for member in all.members ?? [] {
            #expect(member.value["limit"] == .null && member.value["used"] == .null, "\(member.name)")
            for name in ["limit", "used"] {
                let missing = member.value["missing"]?[name]
                #expect(missing?["cause"]?.string == "notApplicable" && missing?["detail"]?.string != "")
            }
        }
        #expect(try portal.page("/settings").text.contains("No limit of your own is set."))
    }

    @Test func jobsAreCountedAsTheLimitCountsThem() throws {
        var portal = try Portal()
        try set(#"{"concurrentJobs": 2, "jobsPerDay": 5, "memory": 4096}"#, portal)
        let none = try limits(&portal)
        #expect(none?["concurrentJobs"]?["used"]?.integer == 0 && none?["jobsPerDay"]?["used"]?.integer == 0)
        for _ in 0..<2 { _ = try portal.submitted() }
        try portal.owner(
            "UPDATE jobs SET submitted_at = now() - interval '25 hours' WHERE id = (SELECT min(id::text)::uuid FROM jobs)"
        )
        _ = try portal.submitted(as: portal.stranger)
        let some = try limits(&portal)
        #expect(some?["concurrentJobs"]?["limit"]?.integer == 2 && some?["concurrentJobs"]?["used"]?.integer == 2)
        #expect(some?["jobsPerDay"]?["limit"]?.integer == 5 && some?["jobsPerDay"]?["used"]?.integer == 1)
        #expect(some?["concurrentJobs"]?["missing"]?.members?.isEmpty == true)
        // What holds for each job is not used up.
        #expect(some?["memory"]?["limit"]?.integer == 4096 && some?["memory"]?["used"] == .null)
        #expect(some?["memory"]?["missing"]?["used"]?["cause"]?.string == "notApplicable")
        #expect(some?["memory"]?["missing"]?["limit"] == nil)
        // Of another person they are nothing.
        #expect(try limits(&portal, of: portal.stranger)?["concurrentJobs"]?["limit"] == .null)
    }

    @Test func thePagesShowIt() throws {
        var portal = try Portal()
        try set(#"{"concurrentJobs": 1000, "memory": 4096}"#, portal)
        _ = try portal.submitted()
        let mine = try portal.page("/settings").text
        #expect(mine.contains("<dt>Jobs at once</dt><dd>1 of 1,000 used</dd>"))
        #expect(mine.contains("<dt>Memory, MiB</dt><dd>4,096</dd>") && !mine.contains("<dt>GPUs</dt>"))
        let admins = try portal.page("/admin/people/" + portal.member.id.lower, as: portal.admin).text
        #expect(admins.contains("1 of 1,000 used"))
    }

    @Test func nobodyElseCanAsk() throws {
        let portal = try Portal()
        try set(#"{"concurrentJobs": 2}"#, portal)
        var web = try portal.database.connect(.web)
        for (asker, rows) in [(portal.member, 1), (portal.admin, 1), (portal.stranger, 0)] {
            try web.execute("SELECT set_config('batchport.session', \(asker.session), false)")
            #expect(
                try web.row("SELECT count(*) FROM person_use(\(portal.member.id))") { try $0.int(0) } == rows,
                "\(asker.name)")
        }
    }
}

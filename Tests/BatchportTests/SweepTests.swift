import FoundationEssentials
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// How often AWS is asked, and about what (trust.md R18).
struct SweepTests {
    private let fixture: WorkerFixture
    private let place = Place(account: "000000000000", region: WorkerFixture.regionName)

    init() throws { fixture = try WorkerFixture() }

    private func end(_ ids: some Sequence<UUID>) throws {
        try fixture.changeRegion(
            "UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now() WHERE id = ANY(\(Array(ids)))")
    }

    private func due(since: Int) throws -> Set<UUID> {
        var connection = try fixture.database.connect(.worker)
        let pace = try connection.trackingPace()
        let now = try connection.row("SELECT now()") { try $0.milliseconds(0) } ?? 0
        let jobs = try connection.dueJobs(of: place, since: Timestamp(milliseconds: now - Int64(since)), pace)
        #expect(Set(jobs.map(\.id)).count == jobs.count)
        return Set(jobs.map(\.id))
    }

    /// R18: a call takes a hundred, and what has not changed is not written.
    @Test func asksAboutAHundredACall() throws {
        let ids = try fixture.crowd(250, age: 3600)
        let before = try fixture.count("SELECT last_value FROM job_changes")
        try end(ids.prefix(3))
        #expect(try fixture.calls(of: "DescribeJobs") { try fixture.track() } == 3)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE status = 'Succeeded'") == 3)
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'capture'") == 3)
        // Each job's first sighting is written once.
        #expect(try fixture.count("SELECT last_value FROM job_changes") == before + 250)
        try fixture.track()
        #expect(try fixture.count("SELECT last_value FROM job_changes") == before + 250)
    }

    /// R18, where there are many: AWS's lists tell who has changed, and only those are asked about.
    @Test func listsTellWhoHasChanged() throws {
        let ids = try fixture.crowd(2100, age: 3600)
        try end(ids.prefix(5))
        try fixture.changeRegion("DELETE FROM jobs WHERE id = \(ids[5])")
        var described = 0
        let listed = try fixture.calls(of: "ListJobs") {
            described = try fixture.calls(of: "DescribeJobs") { try fixture.track() }
        }
        // One page for each of four empty statuses, three of RUNNING.
        #expect(listed == 7)
        #expect(described == 1)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE status = 'Succeeded'") == 5)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE unseen_since IS NOT NULL") == 1)
    }

    /// What a list cannot tell is asked about all the same: an array's children, and whether what was noted is over.
    @Test func whatListsDoNotTellIsAskedAbout() throws {
        let ids = try fixture.crowd(2100, age: 3600)
        let array = try fixture.array([("RUNNING", 3)])
        try fixture.change("UPDATE jobs SET unseen_since = now() WHERE id = \(ids[7])")
        #expect(try fixture.calls(of: "DescribeJobs") { try fixture.track() } > 0)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE unseen_since IS NOT NULL") == 0)
        #expect(try fixture.count("SELECT count(*) FROM children WHERE job = \(array) AND status = 'Running'") == 3)
        // Its own status stays the same.
        try fixture.set("SUCCEEDED", of: array, 0..<1)
        try fixture.track()
        #expect(try fixture.count("SELECT count(*) FROM children WHERE job = \(array) AND status = 'Succeeded'") == 1)
    }

    @Test func aQueueFullOfOthersJobsIsNotListedTwice() throws {
        try fixture.crowd(1400, age: 3600)
        try fixture.crowd(13_000, "RUNNABLE", areOurs: false)
        #expect(try fixture.calls(of: "DescribeJobs") { try fixture.track() } == 14)
        #expect(try fixture.calls(of: "ListJobs") { try fixture.track() } == 0)
    }

    @Test func withoutThePermissionToListEachIsAskedAbout() throws {
        try fixture.crowd(1400, age: 3600)
        try fixture.order(fault: "error", of: "ListJobs", status: 400, code: "AccessDeniedException")
        #expect(try fixture.calls(of: "DescribeJobs") { try fixture.track() } == 14)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE phase_reason IS NOT NULL") == 0)
    }

    /// Nothing is stored to know who is due, yet in each interval everyone is, once.
    @Test func intervalsGrowWithAge() throws {
        let young = try fixture.crowd(200, age: 12)
        let older = try fixture.crowd(200, age: 250)
        let old = try fixture.crowd(200, age: 3600)
        // A twentieth of 12 s is above 512 ms, of 250 s above 8,192 ms.
        let (half, all) = (try due(since: 512), try due(since: 8192))
        #expect(half.isSuperset(of: young))
        #expect(half.intersection(older).count < 60)
        #expect(all == Set(young + older))
        #expect(try due(since: 4096).intersection(older).count > 40)
        #expect(all.isDisjoint(with: old))
        var connection = try fixture.database.connect(.worker)
        let pace = try connection.trackingPace()
        let survey = try connection.jobsOnTheirWay(of: place, pace).filter(\.isSlow)
        #expect(Set(survey.map(\.id)) == Set(old))
    }

    @Test func whatUsuallyTakesLongIsAskedAboutSeldom() throws {
        let ids = try fixture.crowd(100, age: 12)
        try fixture.change("UPDATE jobs SET expected_seconds = 7200 WHERE id = ANY(\(Array(ids.prefix(50))))")
        #expect(try due(since: 60_000) == Set(ids.suffix(50)))
    }

    @Test func theUsualTimeIsTheMedianOfThoseBefore() throws {
        let past = try fixture.crowd(5, age: 3600)
        for (seconds, id) in zip([10, 20, 30, 4000, 25], past) {
            try fixture.change(
                """
                UPDATE jobs SET status = 'Succeeded', settled_at = now(), capture = 'complete',
                    started_at = now() - \(seconds) * interval '1 s', stopped_at = now() WHERE id = \(id)
                """)
        }
        let new = try #require(try fixture.crowd(1, "STARTING").first)
        try fixture.changeRegion("UPDATE jobs SET status = 'RUNNING', started_at = now() WHERE id = \(new)")
        try fixture.track()
        #expect(try fixture.count("SELECT expected_seconds FROM jobs WHERE id = \(new)") == 25)
    }

    @Test func whoIsLookedAtIsAskedAboutSoon() throws {
        let ids = try fixture.crowd(3, age: 36_000)
        var bench = try fixture.bench()
        try fixture.run(TrackTask.kind, WorkerFixture.place, at: &bench)
        try end(ids)
        let key = "track/000000000000/\(WorkerFixture.regionName)"
        try fixture.change(
            "UPDATE tasks SET unique_key = \(key), run_at = now() + interval '15 s' WHERE kind = 'track'")
        try fixture.change("INSERT INTO looks (job) VALUES (\(ids[1]))")
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'track' AND run_at <= now()") == 1)
        try fixture.change("UPDATE sweeps SET swept_at = now() - interval '2 s'")
        try fixture.runDue(TrackTask.kind, at: &bench)
        #expect(try fixture.job(ids[1]).status == "Succeeded")
        #expect(try fixture.job(ids[0]).status == "Running")
    }

    /// R14: after an outage of two days what AWS will forget first is captured first.
    @Test func theOldestEndIsCapturedFirst() throws {
        let ids = try fixture.crowd(120, age: 172_800)
        for (n, id) in ids.enumerated() {
            try fixture.changeRegion(
                """
                UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now() - \(n) * interval '1 hour' WHERE id = \(id)
                """)
        }
        try fixture.track()
        var connection = try fixture.database.connect(.worker)
        let first = try connection.claimTasks(kinds: ["capture"], lane: .ordinary, leaseMilliseconds: 60_000, limit: 10)
        let found = try first.map { try $0.id("job") }
        #expect(found == Array(ids.reversed().prefix(10)))
    }
}

import AWS
import FoundationEssentials
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// One account's limits, shared by all workers (trust.md R15, R16; cromwell #4303, metaflow #138).
struct RestraintTests {
    private let fixture: WorkerFixture
    private let place = Place(account: "000000000000", region: WorkerFixture.regionName)

    init() throws {
        fixture = try WorkerFixture()
        try fixture.change("UPDATE credentials SET account = '000000000000'")
    }

    @Test func allWorkersTogetherKeepToTheRate() throws {
        var one = try fixture.database.connect(.worker)
        var two = try fixture.database.connect(.worker)
        try fixture.change("UPDATE limits SET value = 2 WHERE name = 'aws.submitJobPerSecond'")
        // Places are half a second apart, whoever asks.
        let waits = try (0..<5).flatMap { _ in
            [
                try #require(try one.takePlace(of: .submitJob, at: place, most: 60_000)),
                try #require(try two.takePlace(of: .submitJob, at: place, most: 60_000)),
            ]
        }
        for (n, wait) in waits.enumerated() { #expect(wait <= n * 500) }
        #expect(waits[9] > waits[8] && waits[9] > 2500)
        #expect(try one.takePlace(of: .submitJob, at: place, most: 1000) == nil)
        // Neither another region nor another operation stands in that row.
        let other = Place(account: "000000000000", region: "eu-central-1")
        #expect(try one.takePlace(of: .submitJob, at: other, most: 0) == 0)
        #expect(try one.takePlace(of: .listJobs, at: place, most: 0) == 0)
        #expect(try one.takePlace(of: .listJobs, at: place, calls: 1000, most: 1000) != nil)
        #expect(try one.takePlace(of: .listJobs, at: place, most: 1000) == nil)
    }

    /// The numbers of AWS's SDKs: 0.7 of it at once, all of it after the cube root of 0.75 of it in seconds, then more.
    @Test(arguments: [
        (50.0, 0, 35.0), (50, 3347, 50), (50, 60_000, 50), (20, 0, 14), (20, 2466, 20), (20, 5000, 26.5), (0.6, 0, 0.5),
    ])
    func theRateComesBackAlongACurve(then: Double, milliseconds: Int, now: Double) throws {
        let sql: SQL = "SELECT call_rate(50, \(then), clock_timestamp() - \(milliseconds) * interval '1 ms')"
        let rate = try #require(try fixture.ask(sql) { try $0.double(0) })
        #expect(abs(rate - now) < 0.1)
    }

    @Test func theRateIsLearntFromRefusals() throws {
        var worker = try fixture.database.connect(.worker)
        func learnt() throws -> [Double] {
            let row = try fixture.ask("SELECT rate_then, throttles FROM call_rates") {
                [try $0.double(0), Double(try $0.int(1))]
            }
            return try #require(row)
        }
        try worker.slowDown(.submitJob, at: place)
        #expect(try learnt() == [50, 1])
        // Those that were on their way with the refused one change nothing.
        try fixture.change("UPDATE call_rates SET throttled_at = clock_timestamp() + interval '1 hour'")
        try worker.slowDown(.submitJob, at: place)
        #expect(try learnt() == [50, 1])
        try fixture.change("UPDATE call_rates SET rate_then = 30, throttled_at = clock_timestamp() - interval '1 s'")
        try worker.slowDown(.submitJob, at: place)
        #expect(try learnt()[0] < 50 && learnt()[1] == 2)
        // At that rate there is no place for many calls.
        try fixture.change(
            "UPDATE call_rates SET rate_then = 0.5, throttled_at = clock_timestamp() + interval '1 hour'")
        _ = try worker.takePlace(of: .submitJob, at: place, calls: 5, most: 0)
        #expect(try worker.takePlace(of: .submitJob, at: place, most: 5000) == nil)
    }

    @Test func throttlingSlowsEveryWorkerDown() throws {
        let id = try fixture.insert()
        try fixture.order(fault: "error", of: "SubmitJob", status: 429, code: "TooManyRequestsException")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "available")
        #expect(try fixture.count("SELECT count(*) FROM call_rates WHERE throttles = 1 AND rate_then = 50") == 1)
        // It is no outage.
        #expect(try fixture.count("SELECT count(*) FROM service_health") == 0)
    }

    @Test func anAccountAtItsLimitHoldsNobodyElse() throws {
        var worker = try fixture.database.connect(.worker)
        _ = try worker.takePlace(of: .submitJob, at: place, calls: 5000, most: 0)
        let id = try fixture.insert()
        try worker.enqueueSubmission(of: id, by: fixture.person, at: place)
        var bench = try fixture.bench()
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "available")
        #expect(try fixture.job(id).phase == "queued")
        for _ in 0..<20 { try worker.enqueueSubmission(of: UUID(), by: fixture.person, at: place) }
        let other = Place(account: "111111111111", region: place.region)
        try worker.enqueueSubmission(of: UUID(), by: fixture.person, at: other)
        let claimed = try worker.claimTasks(kinds: ["submit"], lane: .ordinary, leaseMilliseconds: 1000, limit: 100)
        #expect(claimed.count == 1)
    }

    /// A worker's repeated attempts are paid from what all workers have (metaflow #138).
    @Test func repeatedAttemptsArePaidTogether() throws {
        var first = try fixture.bench()
        first.aws.retry.transientBase = 0
        let id = try fixture.insert()
        try fixture.change("UPDATE jobs SET phase = 'checking', intent_at = now() - interval '1 hour'")
        try fixture.fail(id, times: 1, at: &first)
        #expect(try fixture.count("SELECT tokens FROM retry_tokens WHERE service = 'batch'") == 500 - 2 * 14)
        try fixture.change("UPDATE retry_tokens SET tokens = 13")
        #expect(try first.database.changeRetryTokens(by: 0, full: 500, account: place.account, service: .batch) == 13)
        first.restraint.budget.set(13, account: place.account, service: .batch)
        try fixture.fail(id, times: 1, at: &first)
        // One attempt only: two of the three faults are still there.
        #expect(try fixture.askRegion("SELECT sum(remaining) FROM faults") { try $0.int(0) } == 2)
    }

    @Test func retryTokensAreNeverOwedNorHoarded() throws {
        var worker = try fixture.database.connect(.worker)
        func change(_ service: AWSService, by change: Int) throws -> Int {
            try worker.changeRetryTokens(by: change, full: 500, account: place.account, service: service)
        }
        #expect(try change(.batch, by: -600) == 0)
        #expect(try change(.batch, by: -1) == 0)
        #expect(try change(.batch, by: 7) == 7)
        #expect(try change(.batch, by: 600) == 500)
        #expect(try change(.s3, by: 600) == 500)
    }

    @Test func callsAddUpOverThreadsAndTime() throws {
        let (counts, other) = (CallCounts(), Place(account: place.account, region: "eu-central-1"))
        counts.add(["SubmitJob": 2, "ListJobs": 1], at: place)
        counts.add(["SubmitJob": 3], at: place)
        counts.add(["SubmitJob": 4], at: other)
        var worker = try fixture.database.connect(.worker)
        try worker.add(calls: counts.take())
        #expect(counts.take().isEmpty)
        counts.add(["SubmitJob": 5], at: place)
        try worker.add(calls: counts.take())
        let found = try worker.rows("SELECT region, operation, calls FROM aws_calls ORDER BY calls") {
            "\(try $0.text(0)) \(try $0.text(1)) \(try $0.int(2))"
        }
        #expect(
            found == ["\(place.region) ListJobs 1", "eu-central-1 SubmitJob 4", "\(place.region) SubmitJob 10"])
    }

    @Test func theNumbersAreAWSsUntilAnAdminChangesThem() throws {
        var bench = try fixture.bench()
        try bench.followRetryLimits()
        #expect(bench.aws.retry == .standard && bench.restraint.budget.capacity == 500)
        let rows = try fixture.count(
            "SELECT count(*) FROM limits WHERE name LIKE 'retry.%' AND least <= value AND value <= most")
        #expect(rows == 7)
    }

    @Test func anAdminsNumbersAreFollowed() throws {
        for (name, value) in [("attempts", 2), ("transientMilliseconds", 0), ("tokens", 1000), ("transientTokens", 30)]
        {
            try fixture.change("UPDATE limits SET value = \(value) WHERE name = \("retry." + name)")
        }
        var bench = try fixture.bench()
        let id = try fixture.insert()
        try fixture.change("UPDATE jobs SET phase = 'checking', intent_at = now() - interval '1 hour'")
        try fixture.fail(id, times: 1, at: &bench)
        #expect(bench.aws.retry.maxAttempts == 2 && bench.aws.retry.throttlingBase == 1000)
        // Two attempts of the three that would have failed, and one repetition's price.
        #expect(try fixture.askRegion("SELECT sum(remaining) FROM faults") { try $0.int(0) } == 1)
        #expect(try fixture.count("SELECT tokens FROM retry_tokens WHERE service = 'batch'") == 1000 - 30)
    }
}

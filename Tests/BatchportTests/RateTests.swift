import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Batchport

/// Rates of requests (trust.md S51), by a clock that stands still until it is told to go on: what is counted are answers.
struct RateTests {
    private final class StillClock: Sendable {
        private let now = Mutex<Int64>(0)
        var rates: Rates { Rates(clock: { self.now.withLock { $0 } }) }
        func goOn(milliseconds: Int64) { now.withLock { $0 += milliseconds * 1_000_000 } }
    }

    private let clock = StillClock()

    private func portal(_ limits: [(String, Int)]) throws -> Portal {
        let portal = try Portal(rates: clock.rates)
        for (name, value) in limits {
            try portal.owner("UPDATE limits SET value = \(value) WHERE name = \("rate." + name)")
        }
        return portal
    }

    private func statuses(_ count: Int, _ ask: () throws -> Answer) rethrows -> [Int] {
        try (0..<count).map { _ in try ask().status }
    }

    @Test func aTokenBeyondItsRateIsRefusedAndNobodyElse() throws {
        var portal = try portal([("tokenPerSecond", 5), ("burstSeconds", 1)])
        var others: [Int] = []
        let own = try statuses(20) {
            others.append(try portal.api("GET", "/me", as: portal.stranger).status)
            clock.goOn(milliseconds: 1)
            return try portal.api("GET", "/me")
        }
        #expect(own == Array(repeating: 200, count: 5) + Array(repeating: 429, count: 15))
        #expect(others.prefix(5).allSatisfy { $0 == 200 })
        let refused = try portal.api("GET", "/me")
        #expect(refused.headers.first("retry-after") == "1")
        #expect(refused.headers.first("content-type") == "application/problem+json")
        #expect(refused.json["type"]?.string == "/problems/rate")
        #expect(refused.json["status"]?.integer == 429)
        // The same person's pages go on, and so does the token once it has waited.
        #expect(try portal.page("/tokens").status == 200)
        clock.goOn(milliseconds: 1000)
        #expect(try statuses(6) { try portal.api("GET", "/me") } == [200, 200, 200, 200, 200, 429])
    }

    /// Others' requests are all answered while one token asks a hundred times as often as it may.
    @Test func aHundredfoldRateCostsOthersNothing() throws {
        var portal = try portal([("tokenPerSecond", 2), ("burstSeconds", 1)])
        _ = try portal.api("GET", "/me")
        var (own, others): ([Int], [Int]) = ([], [])
        for _ in 0..<20 {
            own += try statuses(10) { try portal.api("GET", "/jobs") }
            others.append(try portal.api("GET", "/jobs", as: portal.stranger).status)
            clock.goOn(milliseconds: 500)
        }
        #expect(others == Array(repeating: 200, count: 20))
        #expect(own.count { $0 == 200 } <= 22 && Set(own) == [200, 429])
    }

    /// Refused before anything is looked up: the connection still has no identity.
    @Test func whatIsRefusedReachesNoDatabase() throws {
        var portal = try portal([("tokenPerSecond", 1), ("burstSeconds", 1)])
        #expect(try portal.api("GET", "/me").status == 200)
        #expect(portal.scope.database.identity != nil)
        #expect(try portal.api("GET", "/me").status == 429)
        #expect(portal.scope.database.identity == nil)
    }

    @Test func aPageIsRefusedAsAPage() throws {
        var portal = try portal([("personPerSecond", 3), ("burstSeconds", 1)])
        #expect(try statuses(3) { try portal.page("/tokens") } == [200, 200, 200])
        let refused = try portal.page("/tokens")
        #expect(refused.status == 429 && refused.headers.first("retry-after") == "1")
        #expect(refused.headers.first("content-type") == "text/html; charset=utf-8")
        #expect(refused.text.contains("<h1>Too many requests</h1>"))
        #expect(try portal.page("/tokens", as: portal.stranger).status == 200)
    }

    /// More tokens are not more requests.
    @Test func allOfAPersonsTokensShareTheirRate() throws {
        var portal = try portal([("personPerSecond", 4), ("burstSeconds", 1)])
        let (token, session) = (portal.member.token, portal.member.session)
        #expect(
            try statuses(2) { try portal.send("GET", "/api/v1/me", [("authorization", "Bearer " + token)]) } == [
                200, 200,
            ])
        let cookie = [("cookie", "__Host-batchport=" + session)]
        #expect(try statuses(3) { try portal.send("GET", "/tokens", cookie) } == [200, 200, 429])
        #expect(try portal.api("GET", "/me").status == 429)
    }

    @Test func whatCostsMuchHasASmallerRate() throws {
        var portal = try portal([("costlyPerSecond", 2), ("burstSeconds", 1)])
        let before = try portal.count("SELECT count(*) FROM jobs")
        #expect(try statuses(4) { try portal.submit(portal.submission()) } == [201, 201, 429, 429])
        #expect(try portal.count("SELECT count(*) FROM jobs") == before + 2)
        #expect(try portal.api("GET", "/jobs").status == 200)
        #expect(try portal.submit(portal.submission(), as: portal.admin).status == 201)
    }

    /// At once in the process where it was changed, within five seconds in all others.
    @Test func aLimitThatAnAdminSetsHolds() throws {
        var portal = try portal([])
        #expect(try statuses(30) { try portal.api("GET", "/me") } == Array(repeating: 200, count: 30))
        var admin = Browser(portal.admin)
        let page = try admin.get(&portal, "/admin/limits")
        let fields = [("rate.tokenPerSecond", "1"), ("rate.burstSeconds", "2")]
        #expect(try admin.post(&portal, "/admin/limits", fields, from: page).status == 303)
        _ = try portal.page("/tokens", as: portal.stranger)
        #expect(try statuses(4) { try portal.api("GET", "/me", as: portal.stranger) } == [200, 200, 429, 429])
        try portal.owner("UPDATE limits SET value = 1000 WHERE name = 'rate.tokenPerSecond'")
        #expect(try portal.api("GET", "/me", as: portal.stranger).status == 429)
        clock.goOn(milliseconds: 5000)
        #expect(try statuses(100) { try portal.api("GET", "/me", as: portal.stranger) }.allSatisfy { $0 == 200 })
    }

    /// The numbers that an installation begins with: AWS's own fifty submissions a second, for an hour, from one token.
    @Test func anHonestServiceIsNotHeldUp() throws {
        let portal = try Portal()
        var database = try portal.database.connect(.web)
        let limits = try RateLimits(try #require(try database.pipeline([RateLimits.query]).first))
        #expect(limits == RateLimits())
        let (rates, person) = (clock.rates, UUID())
        rates.set(limits)
        try rates.enter("token", of: person, token: true, isCostly: true)
        for _ in 0..<50 * 3600 {
            clock.goOn(milliseconds: 20)
            _ = try rates.admit("token", isCostly: true)
        }
        #expect(throws: Failure.self) { for _ in 0..<1100 { _ = try rates.admit("token", isCostly: false) } }
    }

    /// However many secrets come by, what is kept of them stays small; unknown ones are not kept at all.
    @Test func whatIsKeptStaysSmall() throws {
        let (rates, person) = (clock.rates, UUID())
        for n in 0..<50_000 {
            #expect(try !rates.admit("guess \(n)", isCostly: false))
            if n % 2 == 0 {
                try rates.enter("secret \(n)", of: n % 4 == 0 ? UUID() : person, token: true, isCostly: false)
            }
            clock.goOn(milliseconds: 20)
        }
        #expect(rates.knownSecrets > 1000 && rates.knownSecrets <= 20_000)
    }
}

import AWS
import Synchronization
import TestSupport
import Testing

/// A clock that is off is corrected once from the service's `Date`.
struct ClockTests {
    private static let server: Int64 = 1_764_000_000_000
    private static let date = "Date: Mon, 24 Nov 2025 16:00:00 GMT"

    /// Refuses whatever is not signed for 16:00 h. `ourClock` is read once for each call, and for what follows from it.
    private func requests(
        ourClock: Int64, thenSetTo corrected: Int64? = nil, calls: Int
    ) throws -> (dates: [String], refusals: Int) {
        let clock = OurClock(ourClock)
        return try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                if request.header("x-amz-date")?.hasPrefix("20251124T16") == true {
                    try connection.answer(200, [Self.date], "{\"jobs\":[]}")
                } else {
                    let headers = ["x-amzn-ErrorType: InvalidSignatureException", Self.date]
                    try connection.answer(403, headers, "{\"message\":\"Signature expired\"}")
                }
            }
        } _: { server in
            var client = try AWSClient.once(to: server, now: { clock.now.load(ordering: .relaxed) })
            var refusals = 0
            for _ in 0..<calls {
                defer { if let corrected { clock.now.store(corrected, ordering: .relaxed) } }
                do {
                    _ = try client.describeJobs(["a"], by: .example, in: "us-local-1")
                } catch let error as AWSError {
                    #expect(error.code == "InvalidSignatureException")
                    refusals += 1
                }
            }
            return (server.requests.compactMap { $0.header("x-amz-date") }, refusals)
        }
    }

    @Test(arguments: [-7_200_000, 7_200_000])
    func theServersTimeIsTakenAndKept(offset: Int64) throws {
        let result = try requests(ourClock: Self.server + offset, calls: 2)
        #expect(result.refusals == 0)
        #expect(result.dates.count == 3)
        #expect(result.dates.suffix(2) == ["20251124T160000Z", "20251124T160000Z"])
    }

    /// What is refused to HEAD has no reason in it, be it the time or a permission.
    @Test func headIsToldByTheDateAlone() throws {
        let dates = try LoopbackServer.run { connection in
            while let request = try connection.readRequest() {
                let isGood = request.header("x-amz-date")?.hasPrefix("20251124T16") == true
                try connection.answer(isGood ? 200 : 403, [Self.date, "ETag: \"a\""])
            }
        } _: { server in
            var client = try AWSClient.once(to: server, now: { Self.server - 86_400_000 })
            _ = try client.head(bucket: "bucket", key: "key", by: .example, in: "us-local-1")
            return server.requests.compactMap { $0.header("x-amz-date") }
        }
        #expect(dates == ["20251123T160000Z", "20251124T160000Z"])
    }

    private final class OurClock: Sendable {
        let now: Atomic<Int64>

        init(_ now: Int64) { self.now = Atomic(now) }
    }

    /// What was learnt of a wrong clock is wrong itself once the clock has been set.
    @Test func aClockThatIsSetRightIsLearntAgain() throws {
        let result = try requests(ourClock: Self.server + 7_200_000, thenSetTo: Self.server, calls: 2)
        #expect(result.refusals == 0)
        #expect(result.dates == ["20251124T180000Z", "20251124T160000Z", "20251124T140000Z", "20251124T160000Z"])
    }

    /// Refused at the right time: the secret is wrong, and asking again would not help.
    @Test func aWrongSecretIsNotAWrongClock() throws {
        let result = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                try connection.answer(403, ["x-amzn-ErrorType: InvalidSignatureException", Self.date], "{}")
            }
        } _: { server in
            var client = try AWSClient.retrying(to: server, now: { Self.server + 60_000 })
            let error = #expect(throws: AWSError.self) {
                try client.describeJobs(["a"], by: .example, in: "us-local-1")
            }
            return (error: error, count: server.requests.count)
        }
        #expect(result.count == 1 && result.error?.isCredentialRefused == true)
    }

    /// A server whose `Date` never fits is asked twice, not for ever.
    @Test func onlyOnce() throws {
        let server = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                let headers = ["x-amzn-ErrorType: RequestTimeTooSkewed", "Date: Mon, 24 Nov 2025 10:00:00 GMT"]
                try connection.answer(403, headers, "{}")
            }
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            #expect(throws: AWSError.self) { try client.describeJobs(["a"], by: .example, in: "us-local-1") }
            return server
        }
        #expect(server.requests.count == 2)
    }
}

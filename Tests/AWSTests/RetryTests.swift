import AWS
import HTTPClient
import Synchronization
import TestSupport
import Testing

struct RetryTests {
    struct Answer: Sendable {
        let status: Int
        var headers: [String] = []
        var body = ""

        static let good = Answer(status: 200, body: "{\"jobs\":[]}")
        static let broken = Answer(status: 500)
        static let throttled = Answer(status: 400, headers: ["x-amzn-ErrorType: ThrottlingException"])
        static let refused = Answer(status: 400, headers: ["x-amzn-ErrorType: ClientException"])
    }

    /// One DescribeJobs against a server that gives these answers in turn, and the last one for ever.
    private func describe(
        _ answers: [Answer], budget: RetryBudget = RetryBudget(), by credentials: AWSCredentials = .session,
        now: @escaping () -> Int64 = { 1_764_000_000_000 }
    ) throws -> (requests: [LoopbackRequest], error: AWSError?) {
        let turn = Turn()
        return try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                let answer = answers[min(turn.next(), answers.count - 1)]
                try connection.answer(answer.status, answer.headers, answer.body)
            }
        } _: { server in
            var client = try AWSClient.retrying(to: server, budget: budget, now: now)
            do {
                _ = try client.describeJobs(["a"], by: credentials, in: "us-local-1")
                return (server.requests, nil)
            } catch let error as AWSError {
                return (server.requests, error)
            }
        }
    }

    @Test(arguments: [
        ([Answer.good], 1, true), ([.broken, .good], 2, true), ([.throttled, .broken, .good], 3, true),
        ([.broken], 3, false), ([.throttled], 3, false), ([.refused, .good], 1, false),
        ([.broken, .refused, .good], 2, false),
    ])
    func whatIsTriedAgain(answers: [Answer], requests: Int, succeeds: Bool) throws {
        let result = try describe(answers)
        #expect(result.requests.count == requests)
        #expect((result.error == nil) == succeeds)
    }

    @Test func eachAttemptIsSignedAnew() throws {
        let clock = Turn()
        let result = try describe([.broken, .good], now: { 1_764_000_000_000 + Int64(clock.next()) * 1000 })
        let dates = result.requests.compactMap { $0.header("x-amz-date") }
        #expect(dates.count == 2 && dates[0] < dates[1])
        let signatures = Set(result.requests.compactMap { $0.header("authorization") })
        #expect(signatures.count == 2)
    }

    @Test func aBrokenConnectionIsTriedAgain() throws {
        let server = try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            if connection.index == 2 { try connection.answer(200, [], "{\"jobs\":[]}") }
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            let jobs = try client.describeJobs(["a"], by: .example, in: "us-local-1")
            #expect(jobs.isEmpty)
            return server
        }
        #expect(server.requests.count == 3)
    }

    @Test func anEmptyBudgetEndsTheTrying() throws {
        let budget = RetryBudget()
        // 500 tokens, 14 for each retry: 35 retries, two a call.
        let attempts = try (0..<20).map { _ in try describe([.broken], budget: budget).requests.count }
        #expect(attempts == [Int](repeating: 3, count: 17) + [2, 1, 1])
        // Another key's bucket is full.
        #expect(try describe([.broken], budget: budget, by: .example).requests.count == 3)
        // What the last retry cost comes back with a success, and one token with each success at first try.
        for _ in 0..<4 { _ = try describe([.good], budget: budget) }
        #expect(try describe([.broken], budget: budget).requests.count == 2)
    }

    @Test func pastTheDeadlineNothingIsTriedAgain() throws {
        let server = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(503, ["x-amz-retry-after: 4000"]) }
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            client.deadline = 1_764_000_003_000
            let error = #expect(throws: AWSError.self) {
                try client.describeJobs(["a"], by: .example, in: "us-local-1")
            }
            #expect(error?.status == 503)
            return server
        }
        #expect(server.requests.count == 1)
    }

    @Test func anUploadStartsAgainFromItsBeginning() throws {
        let turn = Turn()
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                try connection.answer(turn.next() == 0 ? 503 : 200, ["ETag: \"e\""])
            }
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            let hash = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81"
            let etag = try client.put(
                size: 3, sha256: hash, bucket: "bucket", key: "k", by: .example, in: "us-local-1"
            ) { offset, max in Array([1, 2, 3][Int(offset)...].prefix(min(max, 2))) }
            #expect(etag == "\"e\"")
            #expect(server.requests.map(\.body) == [[1, 2, 3], [1, 2, 3]])
            #expect(server.requests.last?.header("x-amz-content-sha256") == hash)
        }
    }

    @Test func aDownloadThatBeganIsNotBegunAgain() throws {
        let server = try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            var received: [UInt8] = []
            let error = #expect(throws: AWSError.self) {
                try client.get(bucket: "bucket", key: "k", by: .example, in: "us-local-1") { received += $0 }
            }
            #expect(error?.outcome == .unknown && received == Array("half".utf8))
            return server
        }
        #expect(server.requests.count == 1)
    }

    @Test func whatTheCallerThrowsIsThrown() throws {
        struct Full: Error {}
        try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(200, [], "bytes") }
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            #expect(throws: Full.self) {
                try client.get(bucket: "bucket", key: "k", by: .example, in: "us-local-1") { _ in throw Full() }
            }
            #expect(throws: Full.self) {
                try client.put(size: 3, sha256: "", bucket: "bucket", key: "k", by: .example, in: "us-local-1") {
                    _, _ in throw Full()
                }
            }
        }
    }
}

/// 0, 1, 2 …
final class Turn: Sendable {
    private let turn = Atomic(0)
    func next() -> Int { turn.add(1, ordering: .relaxed).oldValue }
}

import AWS
import TestSupport
import Testing

/// What repeated calls take of what their account's service has.
struct RetryBudgetTests {
    private func credentials(_ account: String) -> AWSCredentials {
        var credentials = AWSCredentials.example
        credentials.account = account
        return credentials
    }

    /// How many requests a DescribeJobs that is never answered comes to.
    private func attempts(_ account: String, _ budget: RetryBudget) throws -> Int {
        let server = try LoopbackServer.run { connection in
            while try connection.readRequest() != nil { try connection.answer(500) }
        } _: { server in
            var client = try AWSClient.retrying(to: server, budget: budget)
            #expect(throws: AWSError.self) {
                try client.describeJobs(["a"], by: credentials(account), in: "us-local-1")
            }
            return server
        }
        return server.requests.count
    }

    @Test func eachAccountHasItsOwn() throws {
        let budget = RetryBudget(capacity: 28)
        #expect(try attempts("111111111111", budget) == 3)
        #expect(try attempts("111111111111", budget) == 1)
        #expect(try attempts("222222222222", budget) == 3)
        #expect(budget.takeChanges().map(\.change) == [-28, -28])
        #expect(budget.takeChanges().isEmpty)
    }

    @Test func aSmallerCapacityTakesWhatIsOver() throws {
        let budget = RetryBudget()
        #expect(budget.capacity == 500 && RetryBudget.standard == 500)
        #expect(try attempts("111111111111", budget) == 3)
        budget.capacity = 14
        #expect(try attempts("111111111111", budget) == 2)
        #expect(try attempts("222222222222", budget) == 2)
        #expect(try attempts("222222222222", budget) == 1)
    }

    @Test func aLargerCapacityIsFilledUp() throws {
        let budget = RetryBudget(capacity: 14)
        #expect(try attempts("111111111111", budget) == 2)
        budget.capacity = 500
        #expect(try attempts("111111111111", budget) == 1)
        budget.set(500, account: "111111111111", service: .batch)
        #expect(try attempts("111111111111", budget) == 3)
    }
}

import AWS
import Testing

struct RetryPolicyTests {
    private let policy = RetryPolicy.standard

    @Test(arguments: [
        (0, RetryPolicy.Failure.transient, 50), (1, .transient, 100), (0, .throttling, 1000), (1, .throttling, 2000),
    ])
    func aRetryWaitsUpToTwiceAsLongAsTheOneBefore(attempt: Int, failure: RetryPolicy.Failure, ceiling: Int) {
        #expect(policy.delay(after: attempt, failure, hint: nil, random: 0) == 0)
        #expect(policy.delay(after: attempt, failure, hint: nil, random: 0.5) == ceiling / 2)
        #expect(policy.delay(after: attempt, failure, hint: nil, random: 1) == ceiling)
    }

    @Test func noDelayIsLongerThanTwentySeconds() {
        var patient = policy
        patient.maxAttempts = 100
        #expect(patient.delay(after: 80, .throttling, hint: nil, random: 1) == 20_000)
    }

    @Test func threeAttemptsAndNoMore() {
        #expect(policy.delay(after: 2, .transient, hint: 10, random: 0) == nil)
        #expect(policy.delay(after: 0, .permanent, hint: 10, random: 0) == nil)
        #expect(RetryPolicy.never.delay(after: 0, .throttling, hint: 10, random: 0) == nil)
    }

    @Test(arguments: [(0, 500), (700, 700), (5400, 5400), (60_000, 5500)])
    func theServicesHintIsTakenWithinFiveSeconds(hint: Int, delay: Int) {
        #expect(policy.delay(after: 0, .throttling, hint: hint, random: 0.5) == delay)
    }

    @Test(arguments: [
        (400, "ThrottlingException", RetryPolicy.Failure.throttling), (503, "SlowDown", .throttling),
        (429, "TooManyRequestsException", .throttling), (429, "429", .permanent), (500, "InternalError", .transient),
        (502, "502", .transient), (503, "503", .transient), (504, "504", .transient),
        (501, "NotImplemented", .permanent),
        (400, "RequestTimeout", .transient), (400, "ClientException", .permanent), (403, "AccessDenied", .permanent),
    ])
    func whatIsTriedAgain(status: Int, code: String, failure: RetryPolicy.Failure) {
        #expect(RetryPolicy.failure(status: status, code: code) == failure)
    }

    @Test func whatRetriesCost() {
        #expect(policy.cost(of: .transient) == 14)
        #expect(policy.cost(of: .throttling) == 5)
    }
}

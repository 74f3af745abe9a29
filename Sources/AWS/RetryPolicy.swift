/// AWS's "standard" retry behaviour in its numbers of November 2026, as a value: what is tried again, after how long,
/// and what each retry costs. It does nothing by itself.
package struct RetryPolicy: Sendable, Equatable {
    package enum Failure: Sendable, Equatable {
        case transient
        case throttling
        /// Trying again changes nothing.
        case permanent
    }

    package var maxAttempts: Int
    /// Milliseconds.
    package var transientBase: Double
    package var throttlingBase: Double
    package var longestDelay: Double
    /// In tokens of the `RetryBudget`.
    package var transientCost: Int
    package var throttlingCost: Int

    package static let standard = RetryPolicy(
        maxAttempts: 3, transientBase: 50, throttlingBase: 1000, longestDelay: 20_000, transientCost: 14,
        throttlingCost: 5)
    /// One attempt, whatever happens.
    package static let never = RetryPolicy(
        maxAttempts: 1, transientBase: 0, throttlingBase: 0, longestDelay: 0, transientCost: 0, throttlingCost: 0)

    /// Milliseconds to wait after attempt `attempt` (from 0) failed, or nil when there must be no other.
    /// `random` is in 0..<1; `hint` is the answer's `x-amz-retry-after`, taken within five seconds of our own delay.
    package func delay(after attempt: Int, _ failure: Failure, hint: Int?, random: Double) -> Int? {
        guard failure != .permanent, attempt + 1 < maxAttempts else { return nil }
        let base = failure == .throttling ? throttlingBase : transientBase
        var ceiling = base
        for _ in 0..<min(attempt, 32) { ceiling *= 2 }
        let own = random * min(ceiling, longestDelay)
        guard let hint else { return Int(own) }
        return Int(max(own, min(Double(hint), own + 5000)))
    }

    package func cost(of failure: Failure) -> Int { failure == .throttling ? throttlingCost : transientCost }

    /// By status and code of an answer.
    package static func failure(status: Int, code: String) -> Failure {
        if throttlingCodes.contains(code) { return .throttling }
        return transientCodes.contains(code) || [500, 502, 503, 504].contains(status) ? .transient : .permanent
    }

    static let transientCodes: Set<String> = ["RequestTimeout", "RequestTimeoutException", "IDPCommunicationError"]
    static let throttlingCodes: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException",
    ]
}

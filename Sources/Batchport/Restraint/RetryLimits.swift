import AWS
import PostgreSQL
import Processes
import Synchronization

/// How calls are repeated, as the site's limits say. Read by one thread of a process every few seconds, for all of them.
final class RetryLimits: Sendable {
    private struct State {
        var policy = RetryPolicy.standard
        /// Grows when the policy changes.
        var version = 0
        var readAgain: Int64 = 0
    }

    static let periodMilliseconds: Int64 = 5000
    private let state = Mutex(State())

    /// Whether it is the caller's turn to read.
    fileprivate func isDue() -> Bool {
        state.withLock { state in
            let now = Clock.monotonicMilliseconds()
            guard now >= state.readAgain else { return false }
            state.readAgain = now + Self.periodMilliseconds
            return true
        }
    }

    fileprivate func set(_ policy: RetryPolicy) {
        state.withLock { state in
            guard policy != state.policy else { return }
            state.policy = policy
            state.version += 1
        }
    }

    /// Nil if nothing has changed since that version.
    fileprivate func changed(since version: Int) -> (policy: RetryPolicy, version: Int)? {
        state.withLock { $0.version == version ? nil : ($0.policy, $0.version) }
    }
}

extension Workbench {
    /// Before each task.
    mutating func followRetryLimits() throws {
        let limits = restraint.retryLimits
        if limits.isDue() {
            let (policy, tokens) = try database.retryLimits()
            limits.set(policy)
            if restraint.budget.capacity != tokens { restraint.budget.capacity = tokens }
        }
        guard let changed = limits.changed(since: retryVersion) else { return }
        aws.retry = changed.policy
        retryVersion = changed.version
    }
}

extension Connection {
    /// A row that is not there leaves AWS's number.
    fileprivate mutating func retryLimits() throws -> (policy: RetryPolicy, tokens: Int) {
        let found = try rows("SELECT name, value FROM limits WHERE name LIKE 'retry.%'") {
            (name: try $0.text(0), value: try $0.int(1))
        }
        let values = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.value) })
        var policy = RetryPolicy.standard
        policy.maxAttempts = values["retry.attempts"] ?? policy.maxAttempts
        policy.transientBase = values["retry.transientMilliseconds"].map { Double($0) } ?? policy.transientBase
        policy.throttlingBase = values["retry.throttlingMilliseconds"].map { Double($0) } ?? policy.throttlingBase
        policy.longestDelay = values["retry.longestMilliseconds"].map { Double($0) } ?? policy.longestDelay
        policy.transientCost = values["retry.transientTokens"] ?? policy.transientCost
        policy.throttlingCost = values["retry.throttlingTokens"] ?? policy.throttlingCost
        return (policy, values["retry.tokens"] ?? RetryBudget.standard)
    }
}

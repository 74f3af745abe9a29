internal import Synchronization

/// The token buckets that keep many callers from hammering a service in trouble: one for each account (or access key,
/// where its account is not known) and service, shared by all clients that are given the same budget. Processes share
/// theirs by telling each other the changes: see `takeChanges` and `set`.
package final class RetryBudget: Sendable {
    private struct Key: Hashable {
        let owner: String
        let service: AWSService
    }

    private struct Bucket {
        var tokens: Int
        var change = 0
        /// Nil where only the access key is known.
        var account: String?
    }

    private struct State {
        var capacity: Int
        var buckets: [Key: Bucket] = [:]

        func isFull(_ bucket: Bucket) -> Bool { bucket.tokens >= capacity && bucket.change == 0 }
    }

    /// In tokens. AWS's SDKs have this number.
    package static let standard = 500
    private let state: Mutex<State>

    /// `capacity`: the tokens of a full bucket, as every bucket begins.
    package init(capacity: Int = RetryBudget.standard) { state = Mutex(State(capacity: capacity)) }

    /// When it becomes less, buckets that have more lose what is over; when more, they fill up as calls succeed.
    package var capacity: Int {
        get { state.withLock { $0.capacity } }
        set {
            state.withLock { state in
                state.capacity = newValue
                state.buckets = state.buckets.mapValues { bucket in
                    var bucket = bucket
                    bucket.tokens = min(newValue, bucket.tokens)
                    return bucket
                }
            }
        }
    }

    /// False when the bucket has less than the cost: do not try again.
    func take(_ cost: Int, _ credentials: AWSCredentials, _ service: AWSService) -> Bool {
        state.withLock { state in
            let key = Self.key(credentials, service)
            var bucket = state.buckets[key] ?? Bucket(tokens: state.capacity, account: credentials.account)
            guard bucket.tokens >= cost else { return false }
            bucket.tokens -= cost
            bucket.change -= cost
            state.buckets[key] = bucket
            return true
        }
    }

    /// After a success: what its last retry cost, or 1 when it needed none.
    func giveBack(_ amount: Int, _ credentials: AWSCredentials, _ service: AWSService) {
        state.withLock { state in
            let key = Self.key(credentials, service)
            guard var bucket = state.buckets[key] else { return }
            let given = max(0, min(amount, state.capacity - bucket.tokens))
            bucket.tokens += given
            bucket.change += given
            // A full bucket is the same as none: the table holds only those in trouble, and changes not yet taken.
            state.buckets[key] = state.isFull(bucket) ? nil : bucket
        }
    }

    /// By how much the buckets of known accounts have changed since this was last asked.
    package func takeChanges() -> [(account: String, service: AWSService, change: Int)] {
        state.withLock { state in
            var changes: [(account: String, service: AWSService, change: Int)] = []
            for (key, var bucket) in state.buckets where bucket.change != 0 {
                guard let account = bucket.account else { continue }
                changes.append((account, key.service, bucket.change))
                bucket.change = 0
                state.buckets[key] = state.isFull(bucket) ? nil : bucket
            }
            return changes
        }
    }

    /// What all processes together have left of the account's bucket.
    package func set(_ tokens: Int, account: String, service: AWSService) {
        state.withLock { state in
            let key = Key(owner: account, service: service)
            let change = state.buckets[key]?.change ?? 0
            let bucket = Bucket(
                tokens: min(state.capacity, max(0, tokens + change)), change: change, account: account)
            state.buckets[key] = state.isFull(bucket) ? nil : bucket
        }
    }

    private static func key(_ credentials: AWSCredentials, _ service: AWSService) -> Key {
        Key(owner: credentials.account ?? credentials.accessKeyID, service: service)
    }
}

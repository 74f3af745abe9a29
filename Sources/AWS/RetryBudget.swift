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
        var tokens = RetryBudget.full
        var change = 0
        /// Nil where only the access key is known.
        var account: String?
    }

    /// In tokens. AWS's SDKs have this number.
    package static let full = 500
    private let buckets = Mutex<[Key: Bucket]>([:])

    package init() {}

    /// False when the bucket has less than the cost: do not try again.
    func take(_ cost: Int, _ credentials: AWSCredentials, _ service: AWSService) -> Bool {
        buckets.withLock { buckets in
            let key = Self.key(credentials, service)
            var bucket = buckets[key] ?? Bucket(account: credentials.account)
            guard bucket.tokens >= cost else { return false }
            bucket.tokens -= cost
            bucket.change -= cost
            buckets[key] = bucket
            return true
        }
    }

    /// After a success: what its last retry cost, or 1 when it needed none.
    func giveBack(_ amount: Int, _ credentials: AWSCredentials, _ service: AWSService) {
        buckets.withLock { buckets in
            let key = Self.key(credentials, service)
            guard var bucket = buckets[key] else { return }
            let given = min(amount, Self.full - bucket.tokens)
            bucket.tokens += given
            bucket.change += given
            // A full bucket is the same as none: the table holds only those in trouble, and changes not yet taken.
            buckets[key] = bucket.tokens == Self.full && bucket.change == 0 ? nil : bucket
        }
    }

    /// By how much the buckets of known accounts have changed since this was last asked.
    package func takeChanges() -> [(account: String, service: AWSService, change: Int)] {
        buckets.withLock { buckets in
            var changes: [(account: String, service: AWSService, change: Int)] = []
            for (key, bucket) in buckets where bucket.change != 0 {
                guard let account = bucket.account else { continue }
                changes.append((account, key.service, bucket.change))
                buckets[key]?.change = 0
                if bucket.tokens == Self.full { buckets[key] = nil }
            }
            return changes
        }
    }

    /// What all processes together have left of the account's bucket.
    package func set(_ tokens: Int, account: String, service: AWSService) {
        buckets.withLock { buckets in
            let key = Key(owner: account, service: service)
            let change = buckets[key]?.change ?? 0
            let tokens = min(Self.full, max(0, tokens + change))
            buckets[key] =
                tokens == Self.full && change == 0 ? nil : Bucket(tokens: tokens, change: change, account: account)
        }
    }

    private static func key(_ credentials: AWSCredentials, _ service: AWSService) -> Key {
        Key(owner: credentials.account ?? credentials.accessKeyID, service: service)
    }
}

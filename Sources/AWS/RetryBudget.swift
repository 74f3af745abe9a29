internal import Synchronization

/// The token buckets that keep many callers from hammering a service in trouble: one for each access key and service,
/// shared by all clients that are given the same budget.
package final class RetryBudget: Sendable {
    private struct Key: Hashable {
        let accessKeyID: String
        let service: AWSService
    }

    private static let full = 500
    private let buckets = Mutex<[Key: Int]>([:])

    package init() {}

    /// False when the bucket has less than the cost: do not try again.
    func take(_ cost: Int, _ accessKeyID: String, _ service: AWSService) -> Bool {
        buckets.withLock { buckets in
            let key = Key(accessKeyID: accessKeyID, service: service)
            let left = buckets[key] ?? Self.full
            guard left >= cost else { return false }
            buckets[key] = left - cost
            return true
        }
    }

    /// After a success: what its last retry cost, or 1 when it needed none.
    func giveBack(_ amount: Int, _ accessKeyID: String, _ service: AWSService) {
        buckets.withLock { buckets in
            let key = Key(accessKeyID: accessKeyID, service: service)
            guard let left = buckets[key] else { return }
            // A full bucket is the same as none: the table holds only keys in trouble.
            buckets[key] = left + amount < Self.full ? left + amount : nil
        }
    }
}

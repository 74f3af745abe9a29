import PostgreSQL
import Synchronization
import Tasks

/// The leases that the process holds at this moment, for the one who renews them.
final class LeaseBoard: Sendable {
    private let held = Mutex<[Int: Lease]>([:])

    var leases: [Lease] { held.withLock { Array($0.values) } }

    func add(_ lease: Lease) { held.withLock { $0[lease.id] = lease } }
    func remove(_ lease: Lease) { held.withLock { $0[lease.id] = nil } }
}

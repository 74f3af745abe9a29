import FoundationEssentials
import PostgreSQL
import Synchronization

/// Which jobs this process has told the worker about lately, so that a page which is read again and again is not a write
/// each time.
final class RecentLooks: Sendable {
    /// Below the shortest look that makes sense, so that a look goes on while somebody goes on reading.
    private static let milliseconds: Int64 = 10_000
    private static let most = 10_000
    private let times = Mutex<[UUID: Int64]>([:])

    /// True once in ten seconds for each job.
    func isNew(_ job: UUID, now: Int64) -> Bool {
        times.withLock { times in
            if let last = times[job], now - last < Self.milliseconds { return false }
            if times.count >= Self.most { times = times.filter { now - $0.value < Self.milliseconds } }
            if times.count >= Self.most { times.removeAll() }
            times[job] = now
            return true
        }
    }
}

extension Scope {
    /// Somebody reads this job: AWS is asked about it more often for a while.
    mutating func look(at job: Job) throws {
        guard job.phase == "sent", !job.isSettled || job.forgottenAt == nil else { return }
        guard site.looks.isNew(job.id, now: site.now()) else { return }
        try database.execute(
            "INSERT INTO looks (job) VALUES (\(job.id)) ON CONFLICT (job) DO UPDATE SET at = now()")
    }
}

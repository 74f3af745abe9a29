import FoundationEssentials
import PostgreSQL
import Synchronization

/// Which jobs this process has told the worker about lately, so that a page which is read again and again is not a write
/// each time.
final class RecentLooks: Sendable {
    /// Below the shortest look that makes sense, so that a look goes on while somebody goes on reading.
    private static let milliseconds: Int64 = 10_000
    private static let most = 10_000
    private let times = Mutex<[Looked: Int64]>([:])

    private struct Looked: Hashable {
        let job: UUID
        let child: Int
    }

    /// True once in ten seconds for each job, and for each child.
    func isNew(_ job: UUID, child: Int = ArrayChild.none, now: Int64) -> Bool {
        let looked = Looked(job: job, child: child)
        return times.withLock { times in
            if let last = times[looked], now - last < Self.milliseconds { return false }
            if times.count >= Self.most { times = times.filter { now - $0.value < Self.milliseconds } }
            if times.count >= Self.most { times.removeAll() }
            times[looked] = now
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
    /// Somebody reads this child's log, or may want to: it is fetched while the array runs.
    mutating func look(at child: ArrayChild, of job: Job) throws {
        guard job.phase == "sent", !job.isSettled, child.startedAt != nil else { return }
        guard site.looks.isNew(job.id, child: child.k, now: site.now()) else { return }
        try database.execute(
            """
            INSERT INTO child_looks (job, child) VALUES (\(job.id), \(child.k))
            ON CONFLICT (job, child) DO UPDATE SET at = now()
            """)
    }

    mutating func look(at place: LogPlaceOnSite) throws {
        try look(at: place.job)
        if let child = place.ofChild { try look(at: child, of: place.job) }
    }
}

import AWS
import PostgreSQL

/// Jobs that AWS has of one and the same submission, and which of them is to go on.
struct Twins {
    struct Twin: Equatable {
        let id: String
        /// Milliseconds since the epoch.
        let createdAt: Int64
        let hasStarted: Bool
        let hasEnded: Bool
    }

    /// The one that ours is; nil when it is none of AWS's any more.
    let kept: String?
    /// Those that are to be stopped.
    let stopped: [Twin]
    /// Those that have ended already beside the one kept.
    let over: [Twin]

    /// The younger unstarted one is stopped, and if both have started, the younger (trust.md R4).
    /// - Parameters:
    ///   - known: the one that our row has.
    ///   - isOver: our row has come to its end with `known`, or the job was not to be sent: nothing else may go on.
    init(_ twins: [Twin], known: String?, isOver: Bool) {
        let first = twins.min { a, b in (a.rank, a.createdAt, a.id) < (b.rank, b.createdAt, b.id) }
        let kept = isOver ? known : first?.id
        self.kept = kept
        let others = twins.filter { $0.id != kept }
        stopped = others.filter { !$0.hasEnded }
        over = others.filter(\.hasEnded)
    }
}

extension Twins.Twin {
    fileprivate var rank: Int { hasStarted || hasEnded ? 0 : 1 }

    init(_ job: JobSummary) {
        self.init(
            id: job.jobID, createdAt: job.createdAt ?? 0, hasStarted: job.startedAt.map { $0 > 0 } ?? false,
            hasEnded: ["SUCCEEDED", "FAILED"].contains(job.status))
    }

    /// AWS's reason for its end.
    func reason(keeping kept: String?) -> String {
        let what = hasStarted ? "the younger" : "it had not started"
        return kept.map { "Batchport: submitted twice; \($0) is kept, this is \(what)" }
            ?? "Batchport: submitted by an attempt whose answer was lost, and not wanted any more"
    }
}

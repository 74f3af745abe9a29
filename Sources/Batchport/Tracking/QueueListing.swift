import AWS
import FoundationEssentials
import PostgreSQL

/// Which of many jobs have changed, by AWS's lists of a queue's jobs that have not ended. A list is only a hint: what is
/// in another status there, or in none of the lists, is asked about with its own credential.
struct QueueListing {
    private let jobs: [TrackedJob]
    private var places: [String: Int] = [:]
    private var isUnchanged: [Bool]
    /// What asking about each would take; more than that no list is read.
    private let describeCalls: Int
    private let queues: [(queue: String, credential: UUID, jobs: Int)]

    /// In AWS's order, so that a job which goes on meanwhile is met later.
    private static let statuses = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"]
    private static let pageSize = 1000

    /// Counts and copies none: there may be a hundred thousand.
    init(jobs: [TrackedJob]) {
        self.jobs = jobs
        isUnchanged = Array(repeating: false, count: jobs.count)
        var slow: [UUID: Int] = [:]
        var signers: [String: [UUID: Int]] = [:]
        for job in jobs {
            if job.isSlow { slow[job.credential, default: 0] += 1 }
            signers[job.queue, default: [:]][job.credential, default: 0] += 1
        }
        describeCalls = slow.values.reduce(0) { $0 + ($1 + 99) / 100 }
        queues = signers.compactMap { queue, signers in
            // Whoever has most to learn from the list signs for it.
            let most = signers.max { ($0.value, $0.key.uuidString) < ($1.value, $1.key.uuidString) }
            return most.map { (queue, $0.key, signers.values.reduce(0, +)) }
        }
    }

    /// Half the calls at most, by what is known before: the queues may hold others' jobs as well.
    var isWorthwhile: Bool {
        2 * queues.reduce(0) { $0 + Self.statuses.count + $1.jobs / Self.pageSize } <= describeCalls
    }

    /// False where it turned out to take as many calls as asking about each.
    mutating func read(_ sweep: inout Sweep, _ bench: inout Workbench) throws -> Bool {
        for (index, job) in jobs.enumerated() { places[job.providerID] = index }
        let start = sweep.calls
        for (queue, credential, count) in queues {
            let key = try bench.openCredential(credential, for: sweep.use(for: count))
            for status in Self.statuses {
                var token: String?
                repeat {
                    try bench.stop.check()
                    if sweep.calls - start >= describeCalls { return false }
                    try sweep.makeCall(.listJobs, &bench)
                    let page = try bench.aws.jobs(
                        in: .queue(queue), status: status, after: token, by: key, in: sweep.place.region)
                    for job in page.jobs { note(job) }
                    token = page.next
                } while token != nil
            }
        }
        return true
    }

    private mutating func note(_ seen: JobSummary) {
        guard let index = places[seen.jobID] else { return }
        let known = jobs[index]
        isUnchanged[index] =
            Sighting.words[seen.status] == known.status && seen.statusReason == known.statusReason && !known.isNoted
    }

    /// Arrays are always among them: their children change behind one and the same status.
    var changed: [TrackedJob] {
        jobs.enumerated().filter { !isUnchanged[$0.offset] || $0.element.isArray }.map(\.element)
    }
}

import AWS
import FoundationEssentials
import Tasks

/// Whether AWS has a job whose sending had no definite answer: asked by its unique name, once nothing of the attempt can
/// be on its way any more and AWS's list has had its time.
enum Adoption {
    static let tag = "batchport:job"

    /// Nil when AWS has none: the job goes back to the queue and is looked at anew.
    static func attempt(
        _ job: Submission, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome? {
        if job.waitMilliseconds > 0 { return .again(afterMilliseconds: job.waitMilliseconds) }
        let key = try bench.openCredential(job.credential, for: .job(job.id, of: job.owner, "adopt"))
        let found = try candidates(job, by: key, &bench)
        guard let first = found.first else {
            if let reason = job.isUnwanted {
                try bench.neverSend(job, reason, for: task)
                return .done
            }
            try bench.requeue(job, "AWS does not have it: it is sent again.", for: task)
            return nil
        }
        // Sent twice in spite of the bound: the first is kept.
        for other in found.dropFirst() {
            try bench.awaitPlace(of: .terminateJob, at: job.place)
            try bench.aws.terminateJob(
                other, reason: "Batchport: sent twice, \(first) is kept", by: key, in: job.region)
        }
        try bench.recordSent(job, providerID: first, for: task)
        return .done
    }

    /// Oldest first. A job of that name with another job's tag is somebody else's.
    private static func candidates(
        _ job: Submission, by key: AWSCredentials, _ bench: inout Workbench
    ) throws -> [String] {
        let listed = try bench.listed(job, by: key)
        let ids = listed.sorted { ($0.createdAt ?? 0) < ($1.createdAt ?? 0) }.map(\.jobID)
        var foreign: Set<String> = []
        for start in stride(from: 0, to: ids.count, by: 100) {
            try bench.awaitPlace(of: .describeJobs, at: job.place)
            let details = try bench.aws.describeJobs(Array(ids[start...].prefix(100)), by: key, in: job.region)
            for detail in details {
                if let tag = detail.tags[Self.tag], tag != job.id.lower { foreign.insert(detail.jobID) }
            }
        }
        return ids.filter { !foreign.contains($0) }
    }
}

extension Workbench {
    /// What AWS lists under the job's unique name, in its turn among all workers' calls.
    mutating func listed(_ job: Submission, by key: AWSCredentials) throws -> [JobSummary] {
        try awaitPlace(of: .listJobs, at: job.place)
        return try aws.listJobs(named: job.providerName, queue: job.queue, by: key, in: job.region)
    }
}

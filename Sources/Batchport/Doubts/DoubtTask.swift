import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// Looks for what AWS lists later than the bound on which sending again relied: a submission that it has twice. Repeats
/// while there are doubts in an account and region.
enum DoubtTask {
    static let kind = TaskKind("doubts", run: run)
    /// Up to so many of a queue are asked for by name, more of them by time.
    private static let mostByName = 10
    /// Between AWS's clock and ours.
    private static let slackMilliseconds: Int64 = 300_000

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let place = try Place(task)
        var trouble: String?
        for group in groups(try bench.database.doubts(at: place)) {
            do {
                try look(at: group, place, task, &bench)
            } catch let error as AWSError {
                trouble = error.description
            } catch let error as CredentialTrouble {
                trouble = error.sentence
            }
        }
        let period = try bench.database.workerLimit("submission.doubtPeriodSeconds", else: 30) * 1000
        try bench.write(for: task) { database in
            if try database.pruneDoubts(at: place) == 0 { return try database.finish(task.lease) }
            if let trouble, !task.isLastAttempt {
                return try database.retry(task.lease, reason: trouble, afterMilliseconds: period)
            }
            try database.repeatTask(task.lease, afterMilliseconds: period)
        }
        return .settled
    }

    private static func groups(_ doubts: [Doubt]) -> [[Doubt]] {
        Dictionary(grouping: doubts) { $0.credential.lower + $0.queue }.values.map { $0 }
    }

    private static func look(
        at group: [Doubt], _ place: Place, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws {
        guard let first = group.first else { return }
        let use = SecretUse(
            person: nil, purpose: "doubts", reach: .job(first.job),
            detail: [.init("account", .string(place.account)), .init("jobs", JSONValue(group.count))])
        let key = try bench.openCredential(first.credential, for: use)
        let listed = try list(group, by: key, place, &bench)
        for doubt in group where !doubt.isOpen {
            try bench.stop.check()
            let jobs = (listed[doubt.name] ?? []).filter { !doubt.settled.contains($0.jobID) }
            if jobs.contains(where: { $0.jobID != doubt.providerID }) {
                try resolve(doubt, jobs, by: key, place, task, &bench)
            }
        }
    }

    private static func list(
        _ group: [Doubt], by key: AWSCredentials, _ place: Place, _ bench: inout Workbench
    ) throws -> [String: [JobSummary]] {
        guard let queue = group.first?.queue, let since = group.map(\.since).min() else { return [:] }
        var jobs: [JobSummary] = []
        if group.count > mostByName {
            try bench.awaitPlace(of: .listJobs, at: place)
            jobs = try bench.aws.listJobs(
                createdAfter: since - slackMilliseconds, queue: queue, by: key, in: place.region)
        } else {
            for doubt in group where !doubt.isOpen {
                try bench.awaitPlace(of: .listJobs, at: place)
                jobs += try bench.aws.listJobs(named: doubt.name, queue: queue, by: key, in: place.region)
            }
        }
        return Dictionary(grouping: jobs, by: \.jobName)
    }

    /// First what must not go on is stopped, then it is told: stopping twice does no harm, not telling would.
    private static func resolve(
        _ doubt: Doubt, _ jobs: [JobSummary], by key: AWSCredentials, _ place: Place, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws {
        let ours = try bench.ownJobs(among: jobs.map(\.jobID), of: doubt.job, by: key, at: place)
        let twins = Twins(
            jobs.filter { ours.contains($0.jobID) }.map(Twins.Twin.init), known: doubt.providerID, isOver: doubt.isOver)
        let foreign = jobs.map(\.jobID).filter { !ours.contains($0) }
        for twin in twins.stopped {
            try bench.awaitPlace(of: .terminateJob, at: place)
            try bench.aws.terminateJob(twin.id, reason: twin.reason(keeping: twins.kept), by: key, in: place.region)
        }
        try bench.write(for: task) { try $0.settle(doubt, twins, foreign: foreign, at: place) }
    }
}

extension Workbench {
    /// Of these, all but those that bear another job's tag.
    mutating func ownJobs(
        among ids: [String], of job: UUID, by key: AWSCredentials, at place: Place
    ) throws -> Set<String> {
        var own = Set(ids)
        for start in stride(from: 0, to: ids.count, by: 100) {
            try awaitPlace(of: .describeJobs, at: place)
            let details = try aws.describeJobs(Array(ids[start...].prefix(100)), by: key, in: place.region)
            for detail in details {
                if let tag = detail.tags[Adoption.tag], tag != job.lower { own.remove(detail.jobID) }
            }
        }
        return own
    }
}

extension Connection {
    fileprivate mutating func settle(_ doubt: Doubt, _ twins: Twins, foreign: [String], at place: Place) throws {
        let dealtWith = twins.stopped.map(\.id) + twins.over.map(\.id) + foreign
        try execute("UPDATE doubts SET settled = settled || \(dealtWith) WHERE job = \(doubt.job)")
        if let kept = twins.kept, kept != doubt.providerID {
            try execute(
                """
                UPDATE jobs SET provider_job_id = \(kept), unseen_since = NULL
                WHERE id = \(doubt.job) AND provider_job_id = \(doubt.providerID) AND settled_at IS NULL
                    AND status NOT IN ('Succeeded', 'Failed')
                """)
            try enqueueTracking(account: place.account, region: place.region)
        }
        for twin in twins.stopped { try tell(doubt, "duplicateStopped", twin, kept: twins.kept) }
        for twin in twins.over { try tell(doubt, "duplicateFound", twin, kept: twins.kept) }
    }

    private mutating func tell(_ doubt: Doubt, _ kind: String, _ twin: Twins.Twin, kept: String?) throws {
        let instead = kept.map { "\($0) is kept" } ?? "none of them is wanted"
        let state =
            twin.hasEnded
            ? "had ended already" : twin.hasStarted ? "had started and was stopped" : "was stopped before it started"
        try note(
            doubt.job, kind,
            "AWS accepted this submission more than once, because an answer was lost and its list came late: "
                + "\(twin.id) \(state); \(instead).")
        try execute(
            Audit.work(
                for: doubt.owner, "job.\(kind)", on: "job", doubt.job,
                detail: [
                    "providerJobID": .string(twin.id), "kept": JSONValue(kept), "hadStarted": .bool(twin.hasStarted),
                ]))
    }
}

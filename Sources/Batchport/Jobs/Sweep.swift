import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// What one sweep asks and has been told.
struct Sweep {
    let place: TrackTask.Place
    let task: ClaimedTask
    /// Whether AWS has answered at all.
    var answered = false
    var calls = 0
    /// What is in the way of the whole account's sweep.
    var trouble: String?

    /// AWS may leave a job out of its answers for so long after it was sent.
    static let graceSeconds = 60

    /// The jobs of one credential. Its trouble is theirs only: the others' sweep goes on.
    mutating func look(at jobs: [TrackedJob], _ bench: inout Workbench) throws {
        guard let first = jobs.first else { return }
        let use = SecretUse(
            person: nil, purpose: "track",
            detail: [
                .init("account", .string(place.account)), .init("region", .string(place.region)),
                .init("jobs", JSONValue(jobs.count)),
            ])
        do {
            let key = try bench.openCredential(first.credential, for: use)
            for start in stride(from: 0, to: jobs.count, by: 100) {
                try bench.stop.check()
                try describe(Array(jobs[start...].prefix(100)), by: key, &bench)
            }
        } catch let error as CredentialTrouble {
            try note(error.sentence, on: jobs, &bench)
        } catch let error as AWSError {
            if error.isCredentialRefused || error.isAccessDenied {
                try note(error.sentence, on: jobs, &bench)
            } else {
                trouble = error.sentence
            }
        }
    }

    private mutating func describe(_ jobs: [TrackedJob], by key: AWSCredentials, _ bench: inout Workbench) throws {
        calls += 1
        let details = try bench.aws.describeJobs(jobs.map(\.providerID), by: key, in: place.region)
        answered = true
        let found = Dictionary(details.map { ($0.jobID, $0) }) { first, _ in first }
        let lostSeconds = try bench.database.workerLimit("submission.lostSeconds", else: 600)
        var changes: [SQL] = []
        var next: [(kind: TaskKind, job: UUID)] = []
        for job in jobs {
            guard let detail = found[job.providerID] else {
                let isLost = job.isUnseen && job.unseenSeconds >= lostSeconds
                changes += Self.absence(of: job, isLost: isLost)
                if isLost { next.append((CaptureTask.kind, job.id)) }
                continue
            }
            guard let sighting = Sighting(detail) else { continue }
            changes += sighting.changes(to: job)
            if sighting.isTerminal { next.append((CaptureTask.kind, job.id)) }
            if sighting.status == "Running", sighting.attempts.last?.logStream != job.logStream {
                next.append((LogTask.kind, job.id))
            }
        }
        if changes.isEmpty, next.isEmpty { return }
        try bench.write(for: task) { database in
            for start in stride(from: 0, to: changes.count, by: 100) {
                _ = try database.pipeline(Array(changes[start...].prefix(100)))
            }
            for (kind, job) in next { try database.enqueue(kind.name, ["job": .string(job.lower)], for: job) }
        }
    }

    /// AWS's answer leaves the job out: tolerated at first, then noted, then the job is lost.
    private static func absence(of job: TrackedJob, isLost: Bool) -> [SQL] {
        if isLost {
            return [
                """
                UPDATE jobs SET phase = 'lost', phase_since = now(),
                    phase_reason = 'AWS no longer knows this job, and its end was not seen.'
                WHERE id = \(job.id) AND phase = 'sent' AND status NOT IN ('Succeeded', 'Failed')
                """
            ]
        }
        if job.isUnseen || job.age < graceSeconds { return [] }
        return [
            """
            UPDATE jobs SET unseen_since = now(),
                phase_reason = 'AWS leaves this job out of its answers; it is looked for again.'
            WHERE id = \(job.id) AND phase = 'sent' AND unseen_since IS NULL
            """
        ]
    }

    private func note(_ sentence: String, on jobs: [TrackedJob], _ bench: inout Workbench) throws {
        let ids = jobs.filter { $0.phaseReason != sentence }.map(\.id)
        if ids.isEmpty { return }
        try bench.write(for: task) { database in
            try database.execute(
                "UPDATE jobs SET phase_reason = \(sentence) WHERE id = ANY(\(ids)) AND settled_at IS NULL")
        }
    }
}

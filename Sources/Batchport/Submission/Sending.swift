import AWS
import PostgreSQL
import Tasks

/// The one attempt that an intent allows.
enum Sending {
    /// Nil when the job must be looked at anew.
    static func attempt(
        _ job: Submission, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome? {
        if let reason = job.isUnwanted {
            try bench.neverSend(job, reason, for: task)
            return .done
        }
        if !job.environmentIsEnabled {
            try bench.hold(job, .disabled(job.environment.name), for: task)
            return .done
        }
        let key = try bench.openCredential(job.credential, for: .job(job.id, of: job.owner, "submit"))
        if let refusal = try bench.refusalOfRootUser(key, job) {
            try bench.refuse(job, refusal, for: task)
            return .done
        }
        // Whether AWS answers again is asked by what does no harm.
        if task.isProbe { _ = try bench.listed(job, by: key) }
        var job = job
        job.variables.merge(try bench.openSealedVariables(of: job)) { $1 }
        let manifest = try job.hasRunner ? SubmissionFiles.store(job, by: key, task, &bench) : nil
        let request = SubmissionRequest(job, manifest: manifest)
        if let problem = request.problem {
            try bench.refuse(job, problem, for: task)
            return .done
        }
        guard try bench.waitForPlace(of: .submitJob, at: job.place) else { return .again(afterMilliseconds: 0) }
        guard try bench.intend(job, for: task) else { return nil }
        guard task.lease.remainingMilliseconds > bench.requestMilliseconds else {
            try bench.requeue(job, "The worker was held up before it could send.", for: task)
            return nil
        }
        return try send(request.input, job, by: key, task, &bench)
    }

    private static func send(
        _ input: SubmitJobInput, _ job: Submission, by key: AWSCredentials, _ task: ClaimedTask,
        _ bench: inout Workbench
    ) throws -> TaskOutcome {
        do {
            let latest =
                ContinuousClock.now
                + .milliseconds(task.lease.remainingMilliseconds - bench.requestMilliseconds)
            let answer = try bench.aws.submitJob(input, by: key, in: job.region, notAfter: latest)
            try bench.recordSent(job, providerID: answer.jobID, for: task)
            return .done
        } catch let error as AWSError {
            guard error.outcome == .refused else {
                try bench.doubt(job, error.sentence, for: task)
                return .again(afterMilliseconds: 0)
            }
            // A definite no: what it means for the job is decided as for every other call.
            if !error.isDefinite || error.isCredentialRefused { try bench.requeue(job, error.sentence, for: task) }
            throw error
        }
    }
}

extension Workbench {
    /// Commits the intent to send once. False when the job is not to be sent any more, or not by this task.
    fileprivate mutating func intend(_ job: Submission, for task: ClaimedTask) throws -> Bool {
        // The lease must outlast the attempt: who is paused for longer finds that out before sending.
        try database.renew([task.lease], milliseconds: configuration.leaseMilliseconds)
        return try write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET phase = 'sending', phase_since = now(), phase_reason = NULL,
                    intent_at = clock_timestamp(), intents = intents + 1
                WHERE id = \(job.id) AND phase IN ('queued', 'held') AND intents = \(job.intents)
                    AND stop_requested_at IS NULL AND (start_before IS NULL OR start_before > clock_timestamp())
                """) == 1
        }
    }
}

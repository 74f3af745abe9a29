internal import JSON
internal import PostgreSQL
internal import Processes

/// How an attempt ended, in AWS's words, and what that makes of its job.
struct AttemptEnd {
    private let statusReason: String
    private var reason: String?
    /// Absent when the host went away or nothing ran.
    private var exitCode: Int?
    private let mayBeRetried: Bool

    private init(_ statusReason: String, reason: String? = nil, exitCode: Int? = nil, mayBeRetried: Bool = true) {
        self.statusReason = statusReason
        self.reason = reason
        self.exitCode = exitCode
        self.mayBeRetried = mayBeRetried
    }

    /// Of code that ran.
    init(_ exit: Exit, _ attempt: Attempt) {
        let code = Int(exit.status)
        let exited = "Essential container in task exited"
        switch attempt.cause {
        case nil: self.init(exited, exitCode: code)
        case .memory:
            self.init(exited, reason: "OutOfMemoryError: Container killed due to memory usage", exitCode: 137)
        case .timeout: self.init("Job attempt duration exceeded timeout", exitCode: code, mayBeRetried: false)
        case .asked(let words): self.init(words, exitCode: code, mayBeRetried: false)
        case .host: self.init(lost: attempt.job.instance)
        }
    }

    /// Nothing ran.
    init(notStarted failure: String, _ attempt: Attempt) {
        switch attempt.cause {
        case .host: self.init(lost: attempt.job.instance)
        case .asked(let words): self.init(words, mayBeRetried: false)
        default: self.init("Task failed to start", reason: String(failure.prefix(1024)))
        }
    }

    /// Its executor is gone.
    init(lost instance: String) { self.init("Host EC2 (instance \(instance)) terminated.") }

    init(simulated statusReason: String, reason: String?, exitCode: Int?) {
        self.init(statusReason, reason: reason, exitCode: exitCode, mayBeRetried: true)
    }

    private var isSuccess: Bool { exitCode == 0 && mayBeRetried && reason == nil }

    /// Writes the attempt's end once, and the job's next state: SUCCEEDED, FAILED, or RUNNABLE again.
    func store(_ key: AttemptKey, _ database: inout Connection) throws {
        try database.transaction { database in
            let job = try database.row(
                """
                SELECT jobs.max_attempts, asked.retry_rules, jobs.is_terminated, jobs.stop_reason FROM jobs
                JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id)
                WHERE jobs.id = \(key.job) FOR UPDATE OF jobs
                """
            ) { row in
                (
                    attempts: try row.int(0), rules: try row.document(1), isTerminated: try row.bool(2),
                    stopReason: try row.textOptional(3)
                )
            }
            guard let job, try storeAttempt(key, &database) else { return }
            try database.execute("DELETE FROM access_keys WHERE id = \(key.accessKeyID)")
            let rules = try RetryRules((job.rules.array ?? []).map { try RequestMembers($0) })
            let isRetried =
                !isSuccess && mayBeRetried && key.number < job.attempts && !job.isTerminated
                && rules.retries(statusReason: statusReason, reason: reason, exitCode: exitCode)
            let words = job.isTerminated && exitCode == nil ? job.stopReason ?? statusReason : statusReason
            try database.execute(isRetried ? runnable(key) : stopped(key, words))
        }
    }

    private func storeAttempt(_ key: AttemptKey, _ database: inout Connection) throws -> Bool {
        try database.execute(
            """
            UPDATE job_attempts SET stopped_at = clock_timestamp(), exit_code = \(exitCode)::int, reason = \(reason),
                status_reason = \(statusReason)
            WHERE job = \(key.job) AND number = \(key.number) AND stopped_at IS NULL
            """) == 1
    }

    private func runnable(_ key: AttemptKey) -> SQL {
        """
        UPDATE jobs SET status = 'RUNNABLE', started_at = NULL, status_reason = \(statusReason), \(fragment: Simulator.plan)
        WHERE id = \(key.job) AND status IN ('STARTING', 'RUNNING')
        """
    }

    private func stopped(_ key: AttemptKey, _ words: String) -> SQL {
        """
        UPDATE jobs SET status = \(isSuccess ? "SUCCEEDED" : "FAILED"), stopped_at = clock_timestamp(),
            status_reason = \(words), due_at = NULL
        WHERE id = \(key.job) AND status IN ('STARTING', 'RUNNING')
        """
    }
}

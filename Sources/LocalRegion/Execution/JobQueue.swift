internal import Cryptography
internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// A job that waits for room.
struct WaitingJob {
    let id: UUID
    let needs: ResourceNeeds
}

/// The executor's statements: from SUBMITTED to an attempt in its hands. Rows that somebody else holds are left for the
/// next time.
extension Connection {
    private static var longestOverrides: Int { 8192 }
    private static var tooLarge: String {
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can "
            + "be met by the CE(s) attached to the job queue."
    }

    /// SUBMITTED and PENDING jobs take their next step. One that is larger than the machine will wait for ever, as on AWS,
    /// and says so in AWS's words.
    mutating func promoteJobs(_ machine: ResourceNeeds) throws {
        _ = try pipeline([
            """
            UPDATE jobs SET status = 'FAILED', stopped_at = clock_timestamp(),
                status_reason = 'Container Overrides length must be at most 8192'
            WHERE \(fragment: Self.waiting("""
                array_size IS NULL AND \(Self.longestOverrides)
                    < (SELECT overrides_length FROM jobs AS asked WHERE asked.id = coalesce(jobs.parent, jobs.id))
                """))
            """,
            """
            UPDATE jobs SET status = 'FAILED', stopped_at = clock_timestamp(), status_reason = 'Dependent Job failed'
            WHERE \(fragment: Self.waiting("array_size IS NULL AND \(fragment: JobDependencies.hasFailed)"))
            """,
            """
            UPDATE jobs SET status = 'RUNNABLE', status_reason = CASE WHEN vcpus > \(machine.vcpus)
                OR memory_mib > \(machine.memoryMiB) OR gpus > \(machine.gpus) THEN \(Self.tooLarge) END, \(fragment: Simulator.plan)
            WHERE \(fragment: Self.waiting("array_size IS NULL AND NOT \(fragment: JobDependencies.isWaiting)"))
            """,
            "UPDATE jobs SET status = 'PENDING' WHERE \(fragment: Self.waiting("status = 'SUBMITTED'"))",
        ])
    }

    /// Jobs that only pretend to run take their next step, and arrays end with the last of their children.
    mutating func simulateJobs(instance: String) throws {
        _ = try pipeline(Simulator.steps(instance) + [ArrayJobs.settle()])
        try Simulator.endByRules(&self)
    }

    private static func waiting(_ condition: SQL) -> SQL {
        """
        number IN (SELECT number FROM jobs WHERE status IN ('SUBMITTED', 'PENDING') AND \(fragment: condition)
            ORDER BY number FOR UPDATE SKIP LOCKED)
        """
    }

    /// After a start with another machine.
    mutating func explainJobs(notFitting machine: ResourceNeeds) throws {
        try execute(
            """
            UPDATE jobs SET status_reason = CASE WHEN is_too_large THEN \(Self.tooLarge) END
            FROM (SELECT number, vcpus > \(machine.vcpus) OR memory_mib > \(machine.memoryMiB) OR gpus > \(machine.gpus)
                AS is_too_large FROM jobs WHERE status = 'RUNNABLE') AS runnable
            WHERE jobs.number = runnable.number AND status = 'RUNNABLE'
                AND (status_reason IS NOT DISTINCT FROM \(Self.tooLarge)) != is_too_large
            """)
    }

    /// Those that would fit on an empty machine, the oldest of the queue with the highest priority first.
    mutating func runnableJobs(fitting machine: ResourceNeeds, limit: Int = 100) throws -> [WaitingJob] {
        try rows(
            """
            SELECT id, vcpus, memory_mib, gpus FROM job_queues CROSS JOIN LATERAL (
                SELECT * FROM jobs WHERE queue = job_queues.name AND status = 'RUNNABLE'
                    AND attempt_simulation IS NULL AND vcpus <= \(machine.vcpus)
                    AND memory_mib <= \(machine.memoryMiB) AND gpus <= \(machine.gpus)
                ORDER BY number LIMIT \(limit)) AS runnable
            ORDER BY job_queues.priority DESC, number LIMIT \(limit)
            """
        ) { row in
            let needs = ResourceNeeds(
                vcpus: try row.int("vcpus"), memoryMiB: try row.int("memory_mib"), gpus: try row.int("gpus"))
            return WaitingJob(id: try row.uuid("id"), needs: needs)
        }
    }

    /// Makes a RUNNABLE job's next attempt, with its temporary key; nil when the job has been cancelled meanwhile, or ends
    /// here because of its roles.
    mutating func claim(_ job: WaitingJob, instance: String) throws -> ClaimedJob? {
        let task = hex(randomBytes(16))
        return try transaction { database in
            guard try !database.refuseRoles(of: job.id, task: task) else { return nil }
            let claimed = try database.execute(
                """
                UPDATE jobs SET status = 'STARTING', status_reason = NULL, started_at = NULL
                WHERE id = \(job.id) AND status = 'RUNNABLE' AND attempt_simulation IS NULL
                """)
            guard claimed == 1 else { return nil }
            let key = try database.makeKey(job: job.id, task: task)
            try database.execute(
                """
                INSERT INTO job_attempts (job, number, task, instance, access_key_id)
                SELECT \(job.id), 1 + count(*), \(task), \(instance), \(key.id) FROM job_attempts WHERE job = \(job.id)
                """)
            return try database.claimedJob(task: task, credentials: key.document)
        }
    }

    private mutating func claimedJob(task: String, credentials: JSONValue) throws -> ClaimedJob? {
        try row(
            """
            SELECT jobs.id, jobs.parent, jobs.array_index, asked.array_size, attempt.number AS attempt, task, asked.queue,
                asked.definition, instance, attempt.access_key_id, asked.command, asked.environment, jobs.vcpus,
                jobs.memory_mib, jobs.gpus, jobs.timeout_seconds,
                coalesce(d.tags ->> 'batchport:runner' = '1', false) AS has_runner
            FROM job_attempts AS attempt JOIN jobs ON jobs.id = attempt.job
            JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id)
            JOIN job_definitions AS d ON d.name = asked.definition AND d.revision = asked.revision
            WHERE task = \(task)
            """
        ) { row in try ClaimedJob(row, credentials: credentials) }
    }

    mutating func requestedStops() throws -> [(job: UUID, reason: String)] {
        try rows(
            """
            SELECT id, stop_reason FROM jobs
            WHERE is_terminated AND status IN ('STARTING', 'RUNNING') AND attempt_simulation IS NULL
            """
        ) { row in (try row.uuid(0), try row.textOptional(1) ?? "Terminated") }
    }

    /// Attempts without an end that nobody here runs.
    mutating func unfinishedAttempts(besides tasks: [String]) throws -> [(job: AttemptKey, instance: String)] {
        try rows(
            """
            SELECT job, job_attempts.number, job_attempts.access_key_id, instance
            FROM job_attempts JOIN jobs ON jobs.id = job_attempts.job
            WHERE job_attempts.stopped_at IS NULL AND attempt_simulation IS NULL AND task != ALL(\(tasks))
            """
        ) { row in
            let key = AttemptKey(
                job: try row.uuid("job"), number: try row.int("number"), accessKeyID: try row.text("access_key_id"))
            return (key, try row.text("instance"))
        }
    }
}

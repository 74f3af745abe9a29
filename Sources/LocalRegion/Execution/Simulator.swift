internal import PostgreSQL

/// Jobs that only pretend to run, as their simulation says (table `simulations`): moved from status to status by a few
/// statements for all that are due, so that a hundred thousand cost no processes.
enum Simulator {
    /// Of each kind in one step.
    private static let most = 5000

    /// For an UPDATE of `jobs` that makes rows RUNNABLE: how the next attempt is to run, and its first step. A fault may
    /// take the attempt, by the job's number and the attempt's.
    static let plan: SQL = """
        (attempt_simulation, due_at) = (
            SELECT s.name, now() + s.runnable_ms * interval '1 ms' FROM simulations AS s
            WHERE s.name = coalesce((
                SELECT f.simulation FROM faults AS f
                CROSS JOIN (SELECT count(*) AS made FROM job_attempts WHERE job = jobs.id) AS attempts
                CROSS JOIN (SELECT name FROM jobs AS asked WHERE asked.id = coalesce(jobs.parent, jobs.id)) AS asked
                WHERE f.kind = 'attempt' AND f.remaining IS DISTINCT FROM 0 AND (f.attempts IS NULL OR made < f.attempts)
                    AND chance(f.seed, jobs.number * 16 + made) < f.probability
                    AND (f.matching IS NULL OR starts_with(asked.name, f.matching))
                ORDER BY f.id LIMIT 1), jobs.simulation))
        """

    /// Everything that is due, in the order in which one job would meet it.
    static func steps(_ instance: String) -> [SQL] { [start(instance), run, stop, end] }

    /// The few that are due, however many there are: by the index of `due_at`, and none that a condition on the plain
    /// status would suggest. `now()`, since within one transaction what is due at once goes all its way.
    private static func due(_ status: SQL) -> SQL {
        """
        SELECT number FROM jobs WHERE due_at <= now() AND status || '' = \(fragment: status)
        ORDER BY due_at LIMIT \(most) FOR UPDATE SKIP LOCKED
        """
    }

    private static func start(_ instance: String) -> SQL {
        """
        WITH started AS (
            UPDATE jobs SET status = 'STARTING', status_reason = NULL, started_at = NULL,
                due_at = now() + s.starting_ms * interval '1 ms'
            FROM simulations AS s
            WHERE s.name = attempt_simulation AND number IN (\(fragment: due("'RUNNABLE'"))) RETURNING id)
        INSERT INTO job_attempts (job, number, task, instance, access_key_id)
        SELECT id, 1 + (SELECT count(*) FROM job_attempts WHERE job = id), replace(gen_random_uuid()::text, '-', ''),
            \(instance), '' FROM started
        """
    }

    /// RUNNING, with the log that the simulation has.
    private static let run: SQL = """
        WITH begun AS (
            UPDATE jobs SET status = 'RUNNING', started_at = clock_timestamp(),
                due_at = now() + (s.running_ms + s.spread_ms * chance(s.seed + 1, number)) * interval '1 ms'
            FROM simulations AS s
            WHERE s.name = attempt_simulation AND s.starts AND number IN (\(fragment: due("'STARTING'")))
            RETURNING jobs.id, jobs.parent, s.log_lines
        ), attempts AS (
            UPDATE job_attempts AS a SET started_at = clock_timestamp(),
                log_stream = left(asked.definition, 200) || '/default/' || a.task
            FROM begun JOIN jobs AS asked ON asked.id = coalesce(begun.parent, begun.id)
            WHERE a.job = begun.id AND a.stopped_at IS NULL RETURNING a.log_stream, begun.log_lines
        ), streams AS (
            INSERT INTO log_streams (log_group, name) SELECT '/aws/batch/job', log_stream FROM attempts
            WHERE log_lines IS NOT NULL RETURNING id, name
        )
        INSERT INTO log_events (stream, number, at, message)
        SELECT streams.id, line, extract(epoch FROM clock_timestamp()) * 1000, 'pretended line ' || line
        FROM streams JOIN job_attempts AS a ON a.task = right(streams.name, 32) JOIN jobs ON jobs.id = a.job
        JOIN simulations AS s ON s.name = attempt_simulation CROSS JOIN generate_series(1, s.log_lines) AS line
        """

    /// By TerminateJob.
    private static let stop: SQL = """
        WITH stopped AS (
            UPDATE jobs SET status = 'FAILED', stopped_at = clock_timestamp(), status_reason = stop_reason, due_at = NULL
            WHERE number IN (SELECT number FROM jobs WHERE status IN ('STARTING', 'RUNNING') AND is_terminated
                AND attempt_simulation IS NOT NULL ORDER BY number FOR UPDATE SKIP LOCKED)
            RETURNING id, started_at, stop_reason)
        UPDATE job_attempts AS a SET stopped_at = clock_timestamp(), status_reason = stop_reason,
            exit_code = CASE WHEN stopped.started_at IS NOT NULL THEN 137 END
        FROM stopped WHERE a.job = stopped.id AND a.stopped_at IS NULL
        """

    /// Those whose simulated attempt has come to its end. `retry_rules` are judged one by one, in `AttemptEnd`.
    private static let ending: SQL = """
        SELECT jobs.id, jobs.number, s.exit_code, s.reason, s.status_reason, s.retries,
            chance(s.seed, jobs.number * 16 + a.number) < s.failing AS fails,
            s.retries AND NOT jobs.is_terminated AND a.number < jobs.max_attempts AS may_be_retried,
            asked.retry_rules <> '[]' AS has_rules, a.number AS attempt, a.instance
        FROM jobs JOIN simulations AS s ON s.name = jobs.attempt_simulation
        JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id)
        JOIN job_attempts AS a ON a.job = jobs.id AND a.stopped_at IS NULL
        WHERE jobs.due_at <= now()
            AND (jobs.status || '' = 'RUNNING' OR jobs.status || '' = 'STARTING' AND NOT s.starts)
        """

    private static let end: SQL = """
        WITH ending AS (
            SELECT * FROM (\(fragment: ending) ORDER BY jobs.due_at LIMIT \(most) FOR UPDATE OF jobs SKIP LOCKED) AS due
            WHERE NOT (fails AND may_be_retried AND has_rules)
        ), attempts AS (
            UPDATE job_attempts AS a SET stopped_at = clock_timestamp(),
                exit_code = CASE WHEN fails THEN ending.exit_code ELSE 0 END,
                reason = CASE WHEN fails THEN ending.reason END,
                status_reason = CASE WHEN fails THEN replace(ending.status_reason, '{instance}', a.instance)
                    ELSE 'Essential container in task exited' END
            FROM ending WHERE a.job = ending.id AND a.stopped_at IS NULL
            RETURNING ending.number, fails, fails AND may_be_retried AS is_retried, a.status_reason
        ), retried AS (
            UPDATE jobs SET status = 'RUNNABLE', started_at = NULL, status_reason = attempts.status_reason,
                \(fragment: plan)
            FROM attempts WHERE jobs.number = attempts.number AND is_retried
        )
        UPDATE jobs SET stopped_at = clock_timestamp(), due_at = NULL, status_reason = attempts.status_reason,
            status = CASE WHEN fails THEN 'FAILED' ELSE 'SUCCEEDED' END
        FROM attempts WHERE jobs.number = attempts.number AND NOT is_retried
        """

    /// Attempts that fail, of jobs whose retry rules have a say.
    static func endByRules(_ database: inout Connection) throws {
        let ends = try database.rows(
            "SELECT * FROM (\(fragment: ending) LIMIT 200) AS due WHERE fails AND may_be_retried AND has_rules"
        ) { row in
            let key = AttemptKey(job: try row.uuid("id"), number: try row.int("attempt"), accessKeyID: "")
            let reason = try row.text("status_reason").replacing("{instance}", with: try row.text("instance"))
            return (
                key: key,
                end: AttemptEnd(
                    simulated: reason, reason: try row.textOptional("reason"),
                    exitCode: try row.intOptional("exit_code"))
            )
        }
        for (key, end) in ends { try end.store(key, &database) }
    }
}

package import PostgreSQL

/// Jobs by the hundred thousand for tests and measurements: none of them has a process.
package enum SimulatedJobs {
    /// As if the user `first` had submitted them to the queue `local`, named PREFIX-1 and so on, and as if all had come to
    /// the status by now. Answers how many.
    package static func fill(
        count: Int, prefix: String, simulation: String, status: String, in database: inout Connection
    ) throws -> Int {
        let (hasAttempt, hasStarted): (SQL, SQL) = (
            "status IN ('STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED')", "status IN ('RUNNING', 'SUCCEEDED', 'FAILED')"
        )
        return try database.execute(
            """
            WITH made AS (
                INSERT INTO jobs (name, queue, definition, revision, command, environment, parameters, vcpus, memory_mib,
                    max_attempts, overrides_length, request, access_key_id, principal, simulation, attempt_simulation,
                    status, started_at, stopped_at)
                SELECT \(prefix) || '-' || n, 'local', 'plain', 1, '{true}', '[]', '{}', 1, 512, 1, 0, '{}',
                    (SELECT id FROM access_keys WHERE principal = 'first' AND session_token IS NULL LIMIT 1), 'first',
                    \(simulation), \(simulation), status, CASE WHEN \(fragment: hasStarted) THEN now() END,
                    CASE WHEN status IN ('SUCCEEDED', 'FAILED') THEN now() END
                FROM generate_series(1, \(count)) AS n, (SELECT \(status)::text AS status) AS wanted
                RETURNING id, status, definition, started_at, stopped_at)
            INSERT INTO job_attempts (job, number, task, instance, access_key_id, log_stream, started_at, stopped_at,
                exit_code, status_reason)
            SELECT id, 1, replace(id::text, '-', ''), 'i-0123456789abcdef0', '',
                CASE WHEN started_at IS NOT NULL THEN 'plain/default/' || replace(id::text, '-', '') END, started_at, stopped_at,
                CASE status WHEN 'SUCCEEDED' THEN 0 WHEN 'FAILED' THEN 1 END,
                CASE WHEN stopped_at IS NOT NULL THEN 'Essential container in task exited' END
            FROM made WHERE \(fragment: hasAttempt)
            """)
    }

    /// Lets the oldest of those that stay in a status until told go on. Answers how many.
    package static func move(
        simulation: String, from status: String, count: Int, in database: inout Connection
    ) throws -> Int {
        let results = try database.pipeline([
            """
            UPDATE jobs SET due_at = now() WHERE number IN (
                SELECT number FROM jobs WHERE attempt_simulation = \(simulation) AND status = \(status) AND due_at IS NULL
                ORDER BY number LIMIT \(count) FOR UPDATE)
            """,
            LocalExecutor.wake,
        ])
        return results[0].affected
    }
}

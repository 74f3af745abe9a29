package import PostgreSQL

/// What keeps the queue healthy; any worker may run these at any time.
extension Connection {
    /// Frees tasks whose worker has stopped renewing; one that has used up its attempts is discarded, so that a task
    /// which kills its worker ends. Answers how many. A row that its holder is writing at this moment is left alone.
    @discardableResult
    package mutating func rescueTasks() throws -> Int {
        try execute(
            """
            WITH expired AS MATERIALIZED (
                SELECT id FROM tasks WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED)
            UPDATE tasks SET lease_token = NULL, lease_until = NULL, ready = true,
                last_error = 'the worker stopped renewing its lease',
                state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END,
                finished_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END
            FROM expired WHERE tasks.id = expired.id
            """)
    }

    /// Deletes finished tasks, at most `limit` at once: done ones after `doneSeconds`, discarded ones after
    /// `discardedSeconds`. Answers how many.
    @discardableResult
    package mutating func pruneTasks(
        doneSeconds: Int = 60, discardedSeconds: Int = 604_800, limit: Int = 1000
    ) throws -> Int {
        try execute(
            """
            DELETE FROM tasks WHERE id IN (
                SELECT id FROM tasks
                WHERE state IN ('done', 'discarded') AND finished_at < now() - (
                    CASE state WHEN 'done' THEN \(doneSeconds) ELSE \(discardedSeconds) END) * interval '1 s'
                ORDER BY finished_at LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    /// When the next task of these kinds may be due, in milliseconds from now (0 when one is overdue); nil when none
    /// waits. A gate counts as a task that is due when it opens.
    package mutating func nextTaskMilliseconds(kinds: [String], lane: Lane) throws -> Int? {
        let next: SQL = """
            least(
                (SELECT run_at FROM tasks WHERE NOT ready AND state IN ('available', 'retryable') AND lane = \(lane)
                    AND kind = ANY(\(kinds)) ORDER BY run_at LIMIT 1),
                (SELECT run_at FROM tasks WHERE ready AND state IN ('available', 'retryable') AND lane = \(lane)
                    AND kind = ANY(\(kinds)) AND NOT coalesce(gates && \(fragment: Self.closedGates), false)
                    ORDER BY turn, id LIMIT 1),
                (SELECT min(opens_at) FROM gates WHERE opens_at > now()))
            """
        let answers = try pipeline([
            Self.byIndex,
            """
            SELECT greatest(0, ceil(extract(epoch FROM next - now()) * 1000))::bigint
            FROM (SELECT \(fragment: next) AS next) n WHERE next IS NOT NULL
            """,
        ])
        return try answers[1].row { row in try row.int(0) }
    }
}

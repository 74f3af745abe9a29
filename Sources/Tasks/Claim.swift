package import PostgreSQL

extension Connection {
    /// Claims what is due among the kinds that the caller knows, in turns (`sql/portal/013_queue.sql`), behind no closed
    /// gate. The claim is committed before any work begins: no transaction stays open meanwhile.
    package mutating func claimTasks(
        kinds: [String], lane: Lane, leaseMilliseconds: Int, limit: Int = 1
    ) throws -> [ClaimedTask] {
        let start = ContinuousClock.now
        let claimed = try pipeline([
            Self.byIndex, Self.makeReady(lane), Self.claim(kinds, lane, leaseMilliseconds, limit),
        ])
        return try claimed[2].rows { row in
            ClaimedTask(
                kind: try row.text("kind"), arguments: try row.json("arguments"), attempt: try row.int("attempt"),
                maxAttempts: try row.int("max_attempts"), isProbe: try row.bool("is_probe"),
                lease: Lease(
                    id: try row.int("id"), token: try row.uuid("lease_token"), milliseconds: leaseMilliseconds,
                    start: start))
        }
    }

    /// For the rest of the transaction. How many tasks wait changes faster than the planner's statistics: left to them, it
    /// sorts all that wait for each claim (measured with 60,000: 13 claims a second instead of 690).
    static let byIndex: SQL = """
        SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
            set_config('jit', 'off', true)
        """

    /// What had to wait for its time takes its place behind what its party has waiting.
    private static func makeReady(_ lane: Lane) -> SQL {
        """
        WITH come AS MATERIALIZED (
            SELECT id, party, run_at FROM tasks
            WHERE NOT ready AND state IN ('available', 'retryable') AND lane = \(lane) AND run_at <= now()
            ORDER BY run_at LIMIT 100 FOR UPDATE SKIP LOCKED),
        places AS (
            SELECT id, CASE WHEN party IS NULL THEN 0
                ELSE row_number() OVER (PARTITION BY party ORDER BY run_at, id) - 1 END AS place FROM come)
        UPDATE tasks SET ready = true, turn = next_turn(lane, party) + place FROM places WHERE tasks.id = places.id
        """
    }

    private static func claim(_ kinds: [String], _ lane: Lane, _ leaseMilliseconds: Int, _ limit: Int) -> SQL {
        """
        WITH due AS MATERIALIZED (
            SELECT id, turn FROM tasks
            WHERE ready AND state IN ('available', 'retryable') AND lane = \(lane) AND run_at <= now()
                AND kind = ANY(\(kinds)) AND NOT coalesce(gates && \(fragment: closedGates), false)
            ORDER BY turn, id LIMIT \(limit) FOR UPDATE SKIP LOCKED),
        clock AS (SELECT setval(('tasks_turn_' || \(lane)::text)::regclass, max(turn)) FROM due HAVING count(*) > 0)
        UPDATE tasks SET state = 'running', attempt = attempt + 1, lease_token = gen_random_uuid(),
            lease_until = now() + \(leaseMilliseconds) * interval '1 ms'
        FROM due CROSS JOIN clock WHERE tasks.id = due.id
        RETURNING tasks.id, kind, arguments, attempt, max_attempts, lease_token,
            EXISTS (SELECT FROM gates g WHERE g.gate = ANY(tasks.gates) AND g.period IS NOT NULL) AS is_probe
        """
    }

    static let closedGates: SQL = "(SELECT coalesce(array_agg(gate), '{}') FROM gates WHERE opens_at > now())"

    /// Extends the leases still held and marks the others as lost. One at a time: a transaction that waits for one row
    /// while it holds another would meet, the other way round, a task that enqueues one with the same key.
    package mutating func renew(_ leases: [Lease], milliseconds: Int) throws {
        for lease in leases {
            let start = ContinuousClock.now
            let held = try execute(
                """
                UPDATE tasks SET lease_until = now() + \(milliseconds) * interval '1 ms'
                WHERE id = \(lease.id) AND lease_token = \(lease.token)
                """)
            if held == 1 { lease.extend(by: milliseconds, from: start) } else { lease.lose() }
        }
    }

    /// First in every transaction that writes on behalf of a task: locks the task's row until the transaction ends, so
    /// the lease can neither be rescued nor finished meanwhile. Throws `LeaseLost`.
    package mutating func hold(_ lease: Lease) throws {
        let rows = try execute(
            "SELECT FROM tasks WHERE id = \(lease.id) AND lease_token = \(lease.token) FOR UPDATE")
        if rows == 0 { throw lost(lease) }
    }

    func lost(_ lease: Lease) -> LeaseLost {
        lease.lose()
        return LeaseLost(task: lease.id)
    }
}

package import PostgreSQL

extension Connection {
    /// Claims what is due, oldest first, among the kinds that the caller knows. The claim is committed before any work
    /// begins: no transaction stays open meanwhile.
    package mutating func claimTasks(
        kinds: [String], lane: Lane, leaseMilliseconds: Int, limit: Int = 1
    ) throws -> [ClaimedTask] {
        let start = ContinuousClock.now
        let claim: SQL = """
            WITH due AS MATERIALIZED (
                SELECT id FROM tasks
                WHERE state IN ('available', 'retryable') AND lane = \(lane) AND run_at <= now() AND kind = ANY(\(kinds))
                ORDER BY run_at, id LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            UPDATE tasks SET state = 'running', attempt = attempt + 1, lease_token = gen_random_uuid(),
                lease_until = now() + \(leaseMilliseconds) * interval '1 ms'
            FROM due WHERE tasks.id = due.id
            RETURNING tasks.id, kind, arguments, attempt, max_attempts, lease_token
            """
        return try rows(claim) { row in
            ClaimedTask(
                kind: try row.text("kind"), arguments: try row.json("arguments"), attempt: try row.int("attempt"),
                maxAttempts: try row.int("max_attempts"),
                lease: Lease(
                    id: try row.int("id"), token: try row.uuid("lease_token"), milliseconds: leaseMilliseconds,
                    start: start))
        }
    }

    /// Extends the leases still held and marks the others as lost.
    package mutating func renew(_ leases: [Lease], milliseconds: Int) throws {
        if leases.isEmpty { return }
        let start = ContinuousClock.now
        let held = try rows(
            """
            UPDATE tasks SET lease_until = now() + \(milliseconds) * interval '1 ms'
            FROM unnest(\(leases.map(\.id)), \(leases.map(\.token))) AS held (id, token)
            WHERE tasks.id = held.id AND lease_token = held.token RETURNING tasks.id
            """
        ) { row in try row.int(0) }
        for lease in leases {
            if held.contains(lease.id) { lease.extend(by: milliseconds, from: start) } else { lease.lose() }
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

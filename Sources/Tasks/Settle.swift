package import PostgreSQL

/// A task's ways out of `running`. Each throws `LeaseLost` when the lease's token is no longer the row's.
extension Connection {
    package mutating func finish(_ lease: Lease) throws {
        try settle(lease, "state = 'done', finished_at = now(), last_error = NULL")
    }

    /// Gives the task back as if it had not been claimed: it keeps its turn.
    package mutating func release(_ lease: Lease) throws {
        try settle(lease, "state = 'available', ready = true, attempt = attempt - 1")
    }

    /// The same task again, with a fresh count of attempts.
    package mutating func repeatTask(_ lease: Lease, afterMilliseconds delay: Int) throws {
        try settle(
            lease,
            """
            state = 'available', ready = false, attempt = 0, last_error = NULL,
            run_at = clock_timestamp() + \(delay) * interval '1 ms'
            """)
    }

    /// After the last attempt this discards. `reason` must hold no secret.
    package mutating func retry(_ lease: Lease, reason: String, afterMilliseconds delay: Int) throws {
        try settle(
            lease,
            """
            state = CASE WHEN attempt < max_attempts THEN 'retryable' ELSE 'discarded' END, ready = false,
            finished_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
            run_at = clock_timestamp() + \(delay) * interval '1 ms', last_error = left(\(reason), 2000)
            """)
    }

    package mutating func discard(_ lease: Lease, reason: String) throws {
        try settle(lease, "state = 'discarded', finished_at = now(), last_error = left(\(reason), 2000)")
    }

    private mutating func settle(_ lease: Lease, _ change: SQL) throws {
        let rows = try execute(
            """
            UPDATE tasks SET \(fragment: change), lease_token = NULL, lease_until = NULL
            WHERE id = \(lease.id) AND lease_token = \(lease.token)
            """)
        if rows == 0 { throw lost(lease) }
        // Whoever still works for it must not begin anything new.
        lease.lose()
    }
}

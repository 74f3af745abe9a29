package import PostgreSQL

/// Gates hold back all tasks behind them at once, however many there are.
extension Connection {
    /// Until then no task behind the gate is claimed.
    package mutating func close(gate: String, milliseconds: Int) throws {
        try execute(
            """
            INSERT INTO gates AS g (gate, opens_at) VALUES (\(gate), now() + \(milliseconds) * interval '1 ms')
            ON CONFLICT (gate) DO UPDATE SET opens_at = greatest(g.opens_at, excluded.opens_at)
            """)
    }

    /// One task passes after each period, until the gate is opened.
    package mutating func leaveAjar(gate: String, periodMilliseconds: Int) throws {
        try execute(
            """
            INSERT INTO gates AS g (gate, opens_at, period)
            VALUES (\(gate), now() + \(periodMilliseconds) * interval '1 ms', \(periodMilliseconds) * interval '1 ms')
            ON CONFLICT (gate) DO UPDATE SET opens_at = excluded.opens_at, period = excluded.period
            WHERE g.period IS NULL
            """)
    }

    package mutating func open(gate: String) throws {
        try execute("DELETE FROM gates WHERE gate = \(gate)")
    }

    /// Whether a task that was claimed behind such a gate is the one that may pass. If not, give it back.
    package mutating func pass(_ task: ClaimedTask) throws -> Bool {
        guard task.isProbe else { return true }
        return try execute(
            """
            UPDATE gates SET opens_at = now() + period
            WHERE gate = ANY((SELECT gates FROM tasks WHERE id = \(task.id))::text[]) AND period IS NOT NULL
                AND opens_at <= now()
            """) > 0
    }
}

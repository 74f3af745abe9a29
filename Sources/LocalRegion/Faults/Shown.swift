internal import FoundationEssentials
internal import PostgreSQL

/// What Describe and List show: everything as it is, unless a fault hides jobs or shows them as they were.
enum Shown {
    /// In place of `jobs`.
    /// - Parameter age: of the states that are shown, in milliseconds.
    static func jobs(_ age: Int?) -> SQL {
        guard let age else { return "jobs" }
        return """
            (SELECT now.id, now.number, now.parent, now.array_index, now.array_size, now.name, now.queue, now.definition,
                now.revision, now.share_identifier, now.vcpus, now.memory_mib, now.gpus, now.timeout_seconds,
                now.max_attempts, now.created_at, now.is_cancelled, now.is_terminated,
                coalesce(old.status, now.status) AS status,
                CASE WHEN old.job IS NULL THEN now.status_reason ELSE old.status_reason END AS status_reason,
                CASE WHEN old.job IS NULL THEN now.started_at ELSE old.started_at END AS started_at,
                CASE WHEN old.job IS NULL THEN now.stopped_at ELSE old.stopped_at END AS stopped_at
            FROM jobs AS now LEFT JOIN LATERAL (
                SELECT * FROM job_states WHERE job = now.number AND until > \(fragment: moment(age))
                ORDER BY until LIMIT 1) AS old ON true) AS jobs
            """
    }

    /// In place of `job_attempts`.
    static func attempts(_ age: Int?) -> SQL {
        guard let age else { return "job_attempts" }
        let (hasBegun, hasEnded): (SQL, SQL) = (
            "started_at <= \(fragment: moment(age))", "stopped_at <= \(fragment: moment(age))"
        )
        return """
            (SELECT job, number, task, instance, CASE WHEN \(fragment: hasBegun) THEN log_stream END AS log_stream,
                CASE WHEN \(fragment: hasBegun) THEN started_at END AS started_at,
                CASE WHEN \(fragment: hasEnded) THEN stopped_at END AS stopped_at,
                CASE WHEN \(fragment: hasEnded) THEN exit_code END AS exit_code,
                CASE WHEN \(fragment: hasEnded) THEN reason END AS reason,
                CASE WHEN \(fragment: hasEnded) THEN status_reason END AS status_reason
            FROM job_attempts WHERE claimed_at <= \(fragment: moment(age))) AS job_attempts
            """
    }

    private static func moment(_ age: Int) -> SQL { "now() - \(age) * interval '1 ms'" }

    /// Of a row of `jobs`, with the request in `asked`: not yet listed, vanished, or forgotten after its end.
    static func isVisible(_ operation: String) -> SQL {
        """
        (NOT (SELECT EXISTS (SELECT FROM faults WHERE kind IN ('lag', 'vanish', 'forget') AND remaining IS DISTINCT FROM 0))
        OR NOT EXISTS (
            SELECT FROM faults AS f WHERE f.remaining IS DISTINCT FROM 0 AND f.operation IN (\(operation), '*')
                AND chance(f.seed, asked.number) < f.probability
                AND (f.matching IS NULL OR starts_with(asked.name, f.matching))
                AND CASE f.kind
                    WHEN 'lag' THEN jobs.created_at > now() - f.milliseconds * interval '1 ms'
                    WHEN 'vanish' THEN jobs.created_at <= now() - f.milliseconds * interval '1 ms'
                    WHEN 'forget' THEN jobs.stopped_at <= now() - f.milliseconds * interval '1 ms'
                    ELSE false END))
        """
    }
}

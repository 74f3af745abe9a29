import PostgreSQL

extension Connection {
    /// What AWS says of attempts, of the rows `taken t` of the statement around it: a word that leaves something out takes
    /// nothing away.
    static func writeAttempts(job: SQL, child: SQL) -> SQL {
        """
        INSERT INTO attempts AS known (job, child, n, started_at, stopped_at, exit_code, reason, status_reason, log_stream)
        SELECT \(fragment: job), \(fragment: child), a.n, to_timestamp(a.started / 1000.0), to_timestamp(a.stopped / 1000.0),
            a.exit_code, a.reason, a.status_reason, a.log_stream
        FROM taken t, jsonb_to_recordset(t.attempts) AS a (n int, started bigint, stopped bigint, exit_code int,
            reason text, status_reason text, log_stream text)
        ON CONFLICT (job, child, n) DO UPDATE SET
            started_at = coalesce(excluded.started_at, known.started_at),
            stopped_at = coalesce(excluded.stopped_at, known.stopped_at),
            exit_code = coalesce(excluded.exit_code, known.exit_code),
            reason = coalesce(excluded.reason, known.reason),
            status_reason = coalesce(excluded.status_reason, known.status_reason),
            log_stream = coalesce(excluded.log_stream, known.log_stream)
        WHERE (known.started_at, known.stopped_at, known.exit_code, known.reason, known.status_reason, known.log_stream)
            IS DISTINCT FROM (excluded.started_at, excluded.stopped_at, excluded.exit_code, excluded.reason,
                excluded.status_reason, excluded.log_stream)
        RETURNING job, log_stream, (xmax = 0) AS is_new
        """
    }
}

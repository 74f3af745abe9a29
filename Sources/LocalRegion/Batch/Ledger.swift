package import PostgreSQL

/// What the local region has accepted, for tests and tools that judge a client by it: jobs are never deleted.
package enum Ledger {
    /// A JSON object for each accepted job, in the order of acceptance, array children after that with their parent:
    /// `jobId`, `jobName`, `queue`, `status`, `statusReason`, `exitCode`, `attempts` (how many began), `createdAt` and
    /// `stoppedAt` in milliseconds, `principal`, `accessKeyId`, `requestId`, and `fault`, the kind of fault that
    /// the answer to its submission met. At most 1,000, those after the number `after`; answers the last number.
    package static func page(
        names prefix: String, children: Bool, after: Int, in database: inout Connection
    ) throws -> (lines: [String], last: Int)? {
        let rows = try database.rows(
            """
            SELECT jobs.number, json_strip_nulls(json_build_object(
                'jobId', coalesce(jobs.parent || ':' || jobs.array_index, jobs.id::text), 'jobName', jobs.name,
                'queue', jobs.queue, 'status', jobs.status, 'statusReason', jobs.status_reason,
                'exitCode', attempt.exit_code, 'attempts', coalesce(attempt.number, 0), 'arraySize', jobs.array_size,
                'createdAt', floor(extract(epoch FROM jobs.created_at) * 1000),
                'stoppedAt', floor(extract(epoch FROM jobs.stopped_at) * 1000), 'principal', jobs.principal,
                'accessKeyId', jobs.access_key_id, 'requestId', jobs.request_id,
                'fault', (SELECT kind FROM faults_taken AS t WHERE t.request_id = jobs.request_id ORDER BY number LIMIT 1)
            ))::text AS line
            FROM jobs LEFT JOIN LATERAL (
                SELECT number, exit_code FROM job_attempts WHERE job = jobs.id ORDER BY number DESC LIMIT 1
            ) AS attempt ON true
            WHERE jobs.number > \(after) AND (\(children) AND jobs.parent IS NOT NULL OR starts_with(jobs.name, \(prefix)))
            ORDER BY jobs.number LIMIT 1000
            """
        ) { row in (number: try row.int(0), line: try row.text(1)) }
        return rows.last.map { (rows.map(\.line), $0.number) }
    }

    /// A JSON object for each request that a fault took, in order.
    package static func faultsTaken(_ database: inout Connection) throws -> [String] {
        try database.rows(
            """
            SELECT json_build_object('fault', fault, 'kind', kind, 'operation', operation, 'seen', seen,
                'at', floor(extract(epoch FROM at) * 1000), 'requestId', request_id)::text
            FROM faults_taken ORDER BY number
            """
        ) { row in try row.text(0) }
    }
}

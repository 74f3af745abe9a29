internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// CancelJob and TerminateJob. What has not started fails at once; what runs is stopped by the executor, and only by
/// TerminateJob; what has ended stays as it is.
enum StopJob {
    static func cancel(_ input: JSONValue, _ database: inout Connection) throws {
        let (id, reason) = try read(input)
        try stop(
            id,
            """
            UPDATE jobs SET status = 'FAILED', status_reason = \(reason), stop_reason = \(reason), is_cancelled = true,
                stopped_at = clock_timestamp()
            WHERE id = \(id) AND status IN ('SUBMITTED', 'PENDING', 'RUNNABLE') RETURNING 1
            """, &database)
    }

    static func terminate(_ input: JSONValue, _ database: inout Connection) throws {
        let (id, reason) = try read(input)
        try stop(
            id,
            """
            UPDATE jobs SET is_terminated = true, stop_reason = coalesce(stop_reason, \(reason)),
                status = CASE WHEN status IN ('STARTING', 'RUNNING') THEN status ELSE 'FAILED' END,
                status_reason = CASE WHEN status IN ('STARTING', 'RUNNING') THEN status_reason ELSE \(reason) END,
                stopped_at = CASE WHEN status IN ('STARTING', 'RUNNING') THEN NULL ELSE clock_timestamp() END
            WHERE id = \(id) AND status NOT IN ('SUCCEEDED', 'FAILED') RETURNING 1
            """, &database)
    }

    private static func read(_ input: JSONValue) throws -> (UUID, String) {
        let request = try RequestMembers(input)
        let text = try request.required("jobId")
        let reason = try request.required("reason")
        guard reason.unicodeScalars.count <= 1024 else {
            throw LocalFault.batch("reason must be at most 1024 characters")
        }
        guard !reason.utf8.contains(0) else {
            throw LocalFault.batch("reason must not contain the character U+0000")
        }
        guard let id = UUID(uuidString: text) else { throw LocalFault.batch("Job \(text.prefix(64)) not found") }
        return (id, reason)
    }

    private static func stop(_ id: UUID, _ change: SQL, _ database: inout Connection) throws {
        let results = try database.pipeline([
            "SELECT 1 FROM jobs WHERE id = \(id)", change, LocalExecutor.wake,
        ])
        guard results[0].count == 1 else {
            throw LocalFault.batch("Job \(id.uuidString.lowercased()) not found")
        }
    }
}

internal import JSON
internal import PostgreSQL

/// CancelJob and TerminateJob. What has not started fails at once; what runs is stopped by the executor, and only by
/// TerminateJob; what has ended stays as it is. An array's parent takes all its children with it, and ends with them.
enum StopJob {
    static func cancel(_ input: JSONValue, _ database: inout Connection) throws {
        let (id, reason) = try read(input)
        try stop(
            id,
            """
            UPDATE jobs SET is_cancelled = true, stop_reason = \(reason),
                status = CASE WHEN array_size IS NULL THEN 'FAILED' ELSE status END,
                status_reason = CASE WHEN array_size IS NULL THEN \(reason) ELSE status_reason END,
                stopped_at = CASE WHEN array_size IS NULL THEN clock_timestamp() END
            WHERE number IN (\(fragment: numbers(id))) AND status IN ('SUBMITTED', 'PENDING', 'RUNNABLE')
            """, &database)
    }

    static func terminate(_ input: JSONValue, _ database: inout Connection) throws {
        let (id, reason) = try read(input)
        try stop(
            id,
            """
            UPDATE jobs SET is_terminated = true, stop_reason = coalesce(stop_reason, \(reason)),
                status = CASE WHEN \(fragment: endsLater) THEN status ELSE 'FAILED' END,
                status_reason = CASE WHEN \(fragment: endsLater) THEN status_reason ELSE \(reason) END,
                stopped_at = CASE WHEN \(fragment: endsLater) THEN NULL ELSE clock_timestamp() END
            WHERE number IN (\(fragment: numbers(id))) AND status NOT IN ('SUCCEEDED', 'FAILED')
            """, &database)
    }

    private static let endsLater: SQL = "(status IN ('STARTING', 'RUNNING') OR array_size IS NOT NULL)"

    /// The job's, and those of an array's children. In one order, so that two who stop them do not block each other.
    private static func numbers(_ id: JobID) -> SQL {
        let children: SQL = id.index == nil ? "OR parent = \(id.job)" : ""
        return "SELECT number FROM jobs WHERE \(fragment: id.isRow) \(fragment: children) ORDER BY number FOR UPDATE"
    }

    private static func read(_ input: JSONValue) throws -> (JobID, String) {
        let request = try RequestMembers(input)
        let text = try request.required("jobId")
        let reason = try request.required("reason")
        guard reason.unicodeScalars.count <= 1024 else {
            throw LocalFault.batch("reason must be at most 1024 characters")
        }
        guard !reason.utf8.contains(0) else {
            throw LocalFault.batch("reason must not contain the character U+0000")
        }
        guard let id = JobID(text) else { throw LocalFault.batch("Job \(text.prefix(64)) not found") }
        return (id, reason)
    }

    private static func stop(_ id: JobID, _ change: SQL, _ database: inout Connection) throws {
        let results = try database.pipeline([
            "SELECT 1 FROM jobs WHERE \(fragment: id.isRow)", change, ArrayJobs.settle(id.job), LocalExecutor.wake,
        ])
        guard results[0].count == 1 else { throw LocalFault.batch("Job \(id.text) not found") }
    }
}

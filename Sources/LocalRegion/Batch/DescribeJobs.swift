internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// At most 100 jobs by id; unknown ids are left out.
enum DescribeJobs {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        guard let wanted = try RequestMembers(input).strings("jobs") else {
            throw LocalFault.batch("jobs can not be null")
        }
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobs supported is  100") }
        let ids = wanted.compactMap { UUID(uuidString: $0) }
        let results = try database.pipeline([
            """
            SELECT \(fragment: JobRecord.columns) FROM jobs
            JOIN job_definitions AS d ON d.name = jobs.definition AND d.revision = jobs.revision
            WHERE jobs.id = ANY(\(ids)) ORDER BY jobs.number
            """,
            """
            SELECT \(fragment: AttemptRecord.columns) FROM job_attempts WHERE job = ANY(\(ids)) ORDER BY number
            """,
        ])
        let jobs = try results[0].rows { row in try JobRecord(row) }
        let attempts = Dictionary(grouping: try results[1].rows { row in try AttemptRecord(row) }, by: \.job)
        let names = BatchName(account: caller.account)
        return ["jobs": .array(jobs.map { $0.answer(names, attempts: attempts[$0.id] ?? []) })]
    }
}

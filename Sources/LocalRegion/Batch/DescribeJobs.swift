internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// At most 100 jobs by id; unknown ids are left out.
enum DescribeJobs {
    static func answer(
        _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection, age: Int?
    ) throws -> JSONValue {
        guard let wanted = try RequestMembers(input).strings("jobs") else {
            throw LocalFault.batch("jobs can not be null")
        }
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobs supported is  100") }
        let ids = wanted.compactMap { JobID($0) }
        let results = try database.pipeline([
            """
            SELECT \(fragment: JobRecord.columns) FROM \(fragment: Shown.jobs(age))
            JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id)
            JOIN job_definitions AS d ON d.name = asked.definition AND d.revision = asked.revision
            WHERE jobs.number IN (\(fragment: JobID.numbers(ids))) AND \(fragment: Shown.isVisible("DescribeJobs"))
            ORDER BY jobs.number
            """,
            """
            SELECT \(fragment: AttemptRecord.columns) FROM \(fragment: Shown.attempts(age))
            WHERE job IN (SELECT id FROM jobs WHERE number IN (\(fragment: JobID.numbers(ids)))) ORDER BY number
            """,
            ArrayJobs.counts(ids.filter { $0.index == nil }.map(\.job), age: age),
        ])
        let jobs = try results[0].rows { row in try JobRecord(row) }
        let attempts = Dictionary(grouping: try results[1].rows { row in try AttemptRecord(row) }, by: \.job)
        let counts = try ArrayJobs.summaries(results[2])
        let names = BatchName(account: caller.account)
        return [
            "jobs": .array(
                jobs.map { job in job.answer(names, attempts: attempts[job.row] ?? [], children: counts[job.row]) })
        ]
    }
}

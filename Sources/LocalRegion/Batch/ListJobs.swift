internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// Jobs of one queue, newest first, or an array's children by index, a page at a time: by status (RUNNING unless told),
/// or in a queue by one filter in all statuses.
struct ListJobs {
    private enum Source {
        case queue(String)
        case array(UUID)
    }

    private let source: Source
    private let condition: SQL
    private let page: ListPage
    /// The last job of the page before: its number, or its index.
    private let after: Int?

    static func answer(
        _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection, age: Int?
    ) throws -> JSONValue {
        let names = BatchName(account: caller.account)
        let list = try ListJobs(RequestMembers(input), names)
        try list.requireSource(&database)
        let found = try database.rows(list.query(age)) { row in
            (place: String(try row.int("place")), item: try summary(row, names))
        }
        return list.page.answer("jobSummaryList", found)
    }

    private init(_ request: RequestMembers, _ names: BatchName) throws(LocalFault) {
        source = try Self.source(request, names)
        if let status = try request.string("jobStatus"), !ArrayJobs.statuses.contains(status) {
            throw .batch("jobStatus must be one of \(ArrayJobs.statuses.joined(separator: ", "))")
        }
        let filters = try request.objects("filters") ?? []
        guard filters.count <= 1 else { throw .batch("Only one filter can be used at a time") }
        // Filters do not apply to children.
        if let filter = filters.first, case .queue = source {
            condition = try Self.condition(filter, status: request.string("jobStatus"), names)
            page = try ListPage(request, of: "jobs", most: 100)
        } else {
            condition = try Self.condition(status: request.string("jobStatus") ?? "RUNNING")
            let list = if case .queue = source { "jobs" } else { "children" }
            page = try ListPage(request, of: list, most: 1000)
        }
        after = try page.afterNumber()
    }

    private static func source(_ request: RequestMembers, _ names: BatchName) throws(LocalFault) -> Source {
        let (queue, array) = (try request.string("jobQueue"), try request.string("arrayJobId"))
        switch (queue, array, try request.string("multiNodeJobId")) {
        case (let queue?, nil, nil): return .queue(names.queueName(queue))
        case (nil, let array?, nil):
            guard let id = JobID(array), id.index == nil else { throw .batch("Job \(array.prefix(64)) not found") }
            return .array(id.job)
        case (nil, nil, .some): throw .batch("multiNodeJobId is not supported by the local region")
        default: throw .batch("Exactly one of jobQueue, arrayJobId, multiNodeJobId must be given")
        }
    }

    private func query(_ age: Int?) -> SQL {
        let columns: SQL = """
            jobs.id, jobs.parent, jobs.array_index, jobs.array_size, asked.name, asked.definition, asked.revision,
            asked.share_identifier, \(fragment: JobState.columns), attempt.exit_code, attempt.reason
            FROM \(fragment: Shown.jobs(age)) JOIN jobs AS asked ON asked.id = coalesce(jobs.parent, jobs.id) LEFT JOIN LATERAL (
                SELECT exit_code, reason FROM \(fragment: Shown.attempts(age)) WHERE job = jobs.id ORDER BY number DESC LIMIT 1
            ) AS attempt ON true
            """
        switch source {
        case .queue(let queue):
            return """
                SELECT jobs.number AS place, \(fragment: columns)
                WHERE jobs.parent IS NULL AND jobs.queue = \(queue) AND \(fragment: condition)
                    AND \(fragment: Shown.isVisible("ListJobs")) AND (jobs.number < \(after) OR \(after)::bigint IS NULL)
                ORDER BY jobs.number DESC LIMIT \(page.limit + 1)
                """
        case .array(let parent):
            return """
                SELECT jobs.array_index AS place, \(fragment: columns)
                WHERE jobs.parent = \(parent) AND \(fragment: condition) AND jobs.array_index > \(after ?? -1)
                    AND \(fragment: Shown.isVisible("ListJobs"))
                ORDER BY jobs.array_index LIMIT \(page.limit + 1)
                """
        }
    }

    private static func condition(status: String) throws(LocalFault) -> SQL {
        guard ArrayJobs.statuses.contains(status) else { throw .batch("Invalid job status \(status.prefix(64))") }
        return "jobs.status = \(status)"
    }

    /// Of all statuses; only by SHARE_IDENTIFIER the status may be told as well.
    private static func condition(
        _ filter: RequestMembers, status: String?, _ names: BatchName
    ) throws(LocalFault) -> SQL {
        let name = try filter.required("name")
        guard let value = try filter.strings("values")?.first, !value.isEmpty else {
            throw .batch("filter \(name.prefix(64)) must have a value")
        }
        switch name {
        case "JOB_NAME":
            let text = value.lowercased()
            if text.hasSuffix("*") { return "starts_with(lower(jobs.name), \(String(text.dropLast())))" }
            return "lower(jobs.name) = \(text)"
        case "SHARE_IDENTIFIER":
            return "jobs.share_identifier = \(value) AND jobs.status = coalesce(\(status), jobs.status)"
        case "JOB_DEFINITION":
            if value.hasSuffix("*") { return "starts_with(jobs.definition, \(String(value.dropLast())))" }
            let wanted = names.definitionName(value)
            return
                "jobs.definition = \(wanted?.name) AND jobs.revision = coalesce(\(wanted?.revision)::int, jobs.revision)"
        case "BEFORE_CREATED_AT", "AFTER_CREATED_AT":
            // Milliseconds since 1970.
            guard let time = Int64(value).map(Timestamp.init(milliseconds:)) else {
                throw .batch("filter \(name) must be a number of milliseconds")
            }
            return name == "BEFORE_CREATED_AT" ? "jobs.created_at < \(time)" : "jobs.created_at > \(time)"
        default: throw .batch("Filter \(name.prefix(64)) is not supported by the local region")
        }
    }

    private func requireSource(_ database: inout Connection) throws {
        switch source {
        case .queue(let queue):
            let found = try database.row("SELECT 1 FROM job_queues WHERE name = \(queue)") { row in try row.int(0) }
            guard found != nil else { throw LocalFault.batch("JobQueue \(queue.prefix(256)) not found") }
        case .array(let id):
            let found = try database.row("SELECT 1 FROM jobs WHERE id = \(id) AND array_size IS NOT NULL") { row in
                try row.int(0)
            }
            guard found != nil else { throw LocalFault.batch("Job \(JobID(id).text) is not an array job") }
        }
    }

    private static func summary(_ row: borrowing Row, _ names: BatchName) throws -> JSONValue {
        let id = try JobID(row).text
        let definition = names.definition(try row.text("definition"), try row.int("revision"))
        let container: [(String, JSONValue?)] = [
            ("exitCode", try row.intOptional("exit_code").map { JSONValue($0) }),
            ("reason", try row.textOptional("reason").map { .string($0) }),
        ]
        return .members(
            [
                ("jobArn", .string(names.job(id))), ("jobId", .string(id)), ("jobName", .string(try row.text("name"))),
                ("jobDefinition", .string(definition)),
                ("arrayProperties", try ArrayPlace(row).answer()),
                ("shareIdentifier", try row.textOptional("share_identifier").map { .string($0) }),
                ("container", container.contains { $0.1 != nil } ? .members(container) : nil),
            ] + (try JobState(row)).members)
    }
}

internal import Cryptography
internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// Jobs of one queue, newest first, a page at a time: by status (RUNNING unless told), or by one filter in all statuses.
struct ListJobs {
    private let queue: String
    private let condition: SQL
    private let limit: Int
    /// The last job of the page before.
    private let after: Int?

    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let names = BatchName(account: caller.account)
        let list = try ListJobs(RequestMembers(input), names)
        try list.requireQueue(&database)
        let found = try database.rows(list.query) { row in
            (number: try row.int("number"), summary: try summary(row, names))
        }
        let page = found.prefix(list.limit)
        let next = found.count > list.limit ? page.last.map { PageToken.text($0.number) } : nil
        return .members([
            ("jobSummaryList", .array(page.map(\.summary))), ("nextToken", next.map { .string($0) }),
        ])
    }

    private init(_ request: RequestMembers, _ names: BatchName) throws(LocalFault) {
        let queue = try request.string("jobQueue")
        let others = [try request.string("arrayJobId"), try request.string("multiNodeJobId")]
        guard let queue, others == [nil, nil] else {
            throw .batch("Exactly one of jobQueue, arrayJobId, multiNodeJobId must be given, here jobQueue")
        }
        self.queue = names.queueName(queue)
        let filters = try request.objects("filters") ?? []
        guard filters.count <= 1 else { throw .batch("Only one filter can be used at a time") }
        if let filter = filters.first {
            condition = try Self.condition(filter, names)
        } else {
            condition = try Self.condition(status: request.string("jobStatus") ?? "RUNNING")
        }
        limit = try PageToken.limit(request, most: filters.isEmpty ? 1000 : 100)
        after = try PageToken.number(request)
    }

    private var query: SQL {
        """
        SELECT jobs.number, jobs.id, jobs.name, definition, revision, \(fragment: JobState.columns), attempt.exit_code,
            attempt.reason
        FROM jobs LEFT JOIN LATERAL (
            SELECT exit_code, reason FROM job_attempts WHERE job = jobs.id ORDER BY number DESC LIMIT 1) AS attempt ON true
        WHERE queue = \(queue) AND \(fragment: condition) AND (jobs.number < \(after) OR \(after)::bigint IS NULL)
        ORDER BY jobs.number DESC LIMIT \(limit + 1)
        """
    }

    private static let statuses: Set = [
        "SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED",
    ]

    private static func condition(status: String) throws(LocalFault) -> SQL {
        guard statuses.contains(status) else { throw .batch("Invalid job status \(status.prefix(64))") }
        return "jobs.status = \(status)"
    }

    private static func condition(_ filter: RequestMembers, _ names: BatchName) throws(LocalFault) -> SQL {
        let name = try filter.required("name")
        guard let value = try filter.strings("values")?.first, !value.isEmpty else {
            throw .batch("filter \(name.prefix(64)) must have a value")
        }
        let time = Timestamp(milliseconds: Int64(value) ?? 0)
        switch name {
        case "JOB_NAME":
            let text = value.lowercased()
            if text.hasSuffix("*") { return "starts_with(lower(jobs.name), \(String(text.dropLast())))" }
            return "lower(jobs.name) = \(text)"
        case "JOB_DEFINITION":
            let wanted = names.definitionName(value)
            return "definition = \(wanted?.name) AND revision = coalesce(\(wanted?.revision)::int, revision)"
        case "BEFORE_CREATED_AT": return "jobs.created_at < \(time)"
        case "AFTER_CREATED_AT": return "jobs.created_at > \(time)"
        default: throw .batch("Filter \(name.prefix(64)) is not supported by the local region")
        }
    }

    private func requireQueue(_ database: inout Connection) throws {
        let found = try database.row("SELECT 1 FROM job_queues WHERE name = \(queue)") { row in try row.int(0) }
        guard found != nil else { throw LocalFault.batch("JobQueue \(queue.prefix(256)) not found") }
    }

    private static func summary(_ row: borrowing Row, _ names: BatchName) throws -> JSONValue {
        let id = try row.uuid("id").uuidString.lowercased()
        let definition = names.definition(try row.text("definition"), try row.int("revision"))
        let container: [(String, JSONValue?)] = [
            ("exitCode", try row.intOptional("exit_code").map { JSONValue($0) }),
            ("reason", try row.textOptional("reason").map { .string($0) }),
        ]
        return .members(
            [
                ("jobArn", .string(names.job(id))), ("jobId", .string(id)), ("jobName", .string(try row.text("name"))),
                ("jobDefinition", .string(definition)),
                ("container", container.contains { $0.1 != nil } ? .members(container) : nil),
            ] + (try JobState(row)).members)
    }
}

/// How lists name the place where they go on.
enum PageToken {
    static func text(_ number: Int) -> String { base64(Array("after \(number)".utf8)) }

    static func number(_ request: RequestMembers) throws(LocalFault) -> Int? {
        guard let token = try request.string("nextToken"), !token.isEmpty else { return nil }
        guard let bytes = unbase64(token), let text = String(validating: bytes, as: UTF8.self),
            text.hasPrefix("after "), let number = Int(text.dropFirst(6))
        else { throw .batch("Invalid nextToken") }
        return number
    }

    static func limit(_ request: RequestMembers, most: Int) throws(LocalFault) -> Int {
        guard let wanted = try request.integer("maxResults") else { return most }
        guard (1...most).contains(wanted) else { throw .batch("maxResults must be between 1 and \(most)") }
        return wanted
    }
}

internal import JSON
internal import PostgreSQL

/// Queues by name or ARN, or a page of all.
enum DescribeJobQueues {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let names = BatchName(account: caller.account)
        guard let wanted = try request.strings("jobQueues"), !wanted.isEmpty else {
            return try page(request, names, &database)
        }
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobQueues is 100") }
        try ListPage.refuse(request, with: "jobQueues")
        let found = try database.rows(
            """
            SELECT \(fragment: columns) FROM job_queues
            WHERE name = ANY(\(wanted.map { names.queueName($0) })) ORDER BY name
            """
        ) { row in try queue(row, names) }
        return ["jobQueues": .array(found)]
    }

    private static func page(
        _ request: RequestMembers, _ names: BatchName, _ database: inout Connection
    ) throws -> JSONValue {
        let page = try ListPage(request, of: "jobQueues", most: 100)
        let found = try database.rows(
            """
            SELECT \(fragment: columns) FROM job_queues WHERE name > \(page.after ?? "")
            ORDER BY name LIMIT \(page.limit + 1)
            """
        ) { row in (place: try row.text("name"), item: try queue(row, names)) }
        return page.answer("jobQueues", found)
    }

    private static let columns: SQL = "name, state, priority, scheduling_policy, environments, tags"

    private static func queue(_ row: borrowing Row, _ names: BatchName) throws -> JSONValue {
        let name = try row.text("name")
        let environment: JSONValue = [
            "order": 1, "computeEnvironment": .string(names.environment("batchport-local")),
        ]
        return .members([
            ("jobQueueName", .string(name)), ("jobQueueArn", .string(names.queue(name))),
            ("state", .string(try row.text("state"))), ("status", "VALID"), ("statusReason", "JobQueue Healthy"),
            ("schedulingPolicyArn", try row.textOptional("scheduling_policy").map { .string($0) }),
            ("priority", JSONValue(try row.int("priority"))),
            (
                "computeEnvironmentOrder",
                try row.jsonOptional("environments").map { try JSONValue.parse($0.bytes) } ?? [environment]
            ),
            ("jobQueueType", "ECS"), ("tags", try row.document("tags")),
        ])
    }
}

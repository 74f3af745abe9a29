internal import JSON
internal import PostgreSQL

/// Queues by name or ARN, or all.
enum DescribeJobQueues {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let names = BatchName(account: caller.account)
        let wanted = try RequestMembers(input).strings("jobQueues") ?? []
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobQueues is 100") }
        let queues = try database.rows(
            """
            SELECT name, state, priority, scheduling_policy, environments, tags FROM job_queues
            WHERE name = ANY(\(wanted.map { names.queueName($0) })) OR \(wanted.isEmpty) ORDER BY name LIMIT 100
            """
        ) { row in try queue(row, names) }
        return ["jobQueues": .array(queues)]
    }

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

internal import JSON
internal import PostgreSQL
internal import Processes

/// DescribeComputeEnvironments: this machine.
enum DescribeComputeEnvironments {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let names = BatchName(account: caller.account)
        guard let wanted = try request.strings("computeEnvironments"), !wanted.isEmpty else {
            return try page(request, names, &database)
        }
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of computeEnvironments is 100") }
        try ListPage.refuse(request, with: "computeEnvironments")
        let short = wanted.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        let found = try database.rows(
            "SELECT \(fragment: columns) FROM compute_environments WHERE name = ANY(\(short)) ORDER BY name"
        ) { row in try environment(row, names) }
        return ["computeEnvironments": .array(found)]
    }

    private static func page(
        _ request: RequestMembers, _ names: BatchName, _ database: inout Connection
    ) throws -> JSONValue {
        let page = try ListPage(request, of: "computeEnvironments", most: 100)
        let found = try database.rows(
            """
            SELECT \(fragment: columns) FROM compute_environments WHERE name > \(page.after ?? "")
            ORDER BY name LIMIT \(page.limit + 1)
            """
        ) { row in (place: try row.text("name"), item: try environment(row, names)) }
        return page.answer("computeEnvironments", found)
    }

    private static let columns: SQL = "name, type, max_vcpus, tags"

    private static func environment(_ row: borrowing Row, _ names: BatchName) throws -> JSONValue {
        let name = try row.text("name")
        let vcpus = JSONValue(try row.int("max_vcpus"))
        return [
            "computeEnvironmentName": .string(name), "computeEnvironmentArn": .string(names.environment(name)),
            "ecsClusterArn": .string(names.cluster), "type": "MANAGED", "state": "ENABLED", "status": "VALID",
            "statusReason": "ComputeEnvironment Healthy", "containerOrchestrationType": "ECS",
            "computeResources": [
                "type": .string(try row.text("type")), "minvCpus": 0, "maxvCpus": vcpus, "desiredvCpus": vcpus,
                "instanceTypes": ["optimal"], "subnets": [],
            ], "tags": try row.document("tags"),
        ]
    }
}

/// GetJobQueueSnapshot: what is next in a queue, at most 100.
enum GetJobQueueSnapshot {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let names = BatchName(account: caller.account)
        let text = try RequestMembers(input).required("jobQueue")
        let queue = names.queueName(text)
        let found = try database.row("SELECT 1 FROM job_queues WHERE name = \(queue)") { row in try row.int(0) }
        guard found != nil else { throw LocalFault.batch("JobQueue \(text.prefix(256)) not found") }
        let now = JSONValue(Clock.milliseconds())
        let jobs = try database.rows(
            """
            SELECT id, parent, array_index, created_at FROM jobs WHERE queue = \(queue) AND status = 'RUNNABLE'
            ORDER BY number LIMIT 100
            """
        ) { row -> JSONValue in
            [
                "jobArn": .string(names.job(try JobID(row).text)),
                "earliestTimeAtPosition": JSONValue(try row.milliseconds("created_at")),
            ]
        }
        return ["frontOfQueue": ["jobs": .array(jobs), "lastUpdatedAt": now]]
    }
}

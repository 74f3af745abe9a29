internal import JSON
internal import PostgreSQL

/// CreateJobQueue, UpdateJobQueue and DeleteJobQueue. Queues differ by priority, state and tags; all of them run on this
/// machine. They are VALID at once.
enum JobQueues {
    static func create(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let name = try request.required("jobQueueName")
        guard BatchName.isValid(name) else { throw LocalFault.batch("Job queue name should match valid pattern") }
        guard let priority = try priority(request) else { throw LocalFault.batch("priority can not be null") }
        let tags = JSONText(JSONValue.map(try JobTags.read(request)).serialized())
        let count = try database.row("SELECT count(*) FROM job_queues") { row in try row.int(0) } ?? 0
        guard count < 50 else { throw LocalFault.batch("At most 50 job queues can exist") }
        let made = try database.execute(
            """
            INSERT INTO job_queues (name, state, priority, scheduling_policy, environments, tags)
            VALUES (\(name), \(try state(request) ?? "ENABLED"), \(priority)::int,
                \(try request.string("schedulingPolicyArn")), \(try environments(request, &database)), \(tags))
            ON CONFLICT DO NOTHING
            """)
        guard made == 1 else { throw LocalFault.batch("Object already exists") }
        return answer(name, caller)
    }

    static func update(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let name = BatchName(account: caller.account).queueName(try request.required("jobQueue"))
        let changed = try database.execute(
            """
            UPDATE job_queues SET state = coalesce(\(try state(request)), state),
                priority = coalesce(\(try priority(request))::int, priority),
                scheduling_policy = coalesce(\(try request.string("schedulingPolicyArn")), scheduling_policy),
                environments = coalesce(\(try environments(request, &database)), environments)
            WHERE name = \(name)
            """)
        guard changed == 1 else { throw LocalFault.batch("\(name.prefix(256)) does not exist") }
        return answer(name, caller)
    }

    static func delete(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws {
        let name = BatchName(account: caller.account).queueName(try RequestMembers(input).required("jobQueue"))
        let state = try database.row("SELECT state FROM job_queues WHERE name = \(name)") { row in try row.text(0) }
        guard state != "ENABLED" else { throw LocalFault.batch("Cannot delete, resource is being used or ENABLED.") }
        try database.execute("DELETE FROM job_queues WHERE name = \(name) AND state = 'DISABLED'")
    }

    private static func answer(_ name: String, _ caller: LocalCaller) -> JSONValue {
        ["jobQueueName": .string(name), "jobQueueArn": .string(BatchName(account: caller.account).queue(name))]
    }

    private static func priority(_ request: RequestMembers) throws(LocalFault) -> Int? {
        guard let priority = try request.integer("priority") else { return nil }
        guard (0...1000).contains(priority) else { throw .batch("priority must be between 0 and 1000") }
        return priority
    }

    private static func state(_ request: RequestMembers) throws(LocalFault) -> String? {
        guard let state = try request.string("state") else { return nil }
        guard ["ENABLED", "DISABLED"].contains(state) else { throw .batch("state must be ENABLED or DISABLED") }
        return state
    }

    private static func environments(_ request: RequestMembers, _ database: inout Connection) throws -> JSONText? {
        guard let items = try request.objects("computeEnvironmentOrder") else { return nil }
        guard (1...3).contains(items.count) else {
            throw LocalFault.batch("computeEnvironmentOrder must have 1 to 3 compute environments")
        }
        for item in items {
            let name = try item.required("computeEnvironment").split(separator: "/").last.map(String.init) ?? ""
            guard try item.integer("order") != nil else { throw LocalFault.batch("order can not be null") }
            let found = try database.row("SELECT 1 FROM compute_environments WHERE name = \(name)") { row in
                try row.int(0)
            }
            guard found != nil else { throw LocalFault.batch("computeEnvironment \(name.prefix(256)) does not exist") }
        }
        return JSONText(JSONValue.array(items.map(\.value)).serialized())
    }
}

internal import JSON
internal import PostgreSQL

/// A revision of a job definition, as its row has it.
struct JobDefinition {
    let name: String
    let revision: Int
    let status: String
    let image: String
    let command: [String]
    let environment: JSONValue
    let parameters: JSONValue
    let needs: ResourceNeeds
    let timeoutSeconds: Int?
    let maxAttempts: Int
    let retryRules: JSONValue
    let tags: JSONValue
    let propagateTags: Bool?
    let schedulingPriority: Int?
    private let platforms: [String]
    private let properties: JSONValue

    static let columns: SQL = """
        name, revision, status, image, command, environment, parameters, vcpus, memory_mib, gpus, timeout_seconds,
        max_attempts, retry_rules, tags, propagate_tags, scheduling_priority, platforms, properties
        """

    init(_ row: borrowing Row) throws {
        name = try row.text("name")
        revision = try row.int("revision")
        status = try row.text("status")
        image = try row.text("image")
        command = try row.value("command", as: [String].self)
        environment = try row.document("environment")
        parameters = try row.document("parameters")
        needs = ResourceNeeds(
            vcpus: try row.int("vcpus"), memoryMiB: try row.int("memory_mib"), gpus: try row.int("gpus"))
        timeoutSeconds = try row.intOptional("timeout_seconds")
        maxAttempts = try row.int("max_attempts")
        retryRules = try row.document("retry_rules")
        tags = try row.document("tags")
        propagateTags = try row.boolOptional("propagate_tags")
        schedulingPriority = try row.intOptional("scheduling_priority")
        platforms = try row.value("platforms", as: [String].self)
        properties = try row.document("properties")
    }

    /// As a caller names it; without a revision the newest active one.
    static func find(_ text: String, _ names: BatchName, _ database: inout Connection) throws -> JobDefinition? {
        guard let wanted = names.definitionName(text) else { return nil }
        return try database.row(
            """
            SELECT \(fragment: columns) FROM job_definitions
            WHERE name = \(wanted.name) AND (revision = \(wanted.revision) OR \(wanted.revision)::int IS NULL
                AND status = 'ACTIVE') ORDER BY revision DESC LIMIT 1
            """, { row in try JobDefinition(row) })
    }

    func answer(_ names: BatchName) -> JSONValue {
        .members([
            ("jobDefinitionName", .string(name)), ("jobDefinitionArn", .string(names.definition(name, revision))),
            ("revision", JSONValue(revision)), ("status", .string(status)), ("type", "container"),
            ("parameters", parameters),
            ("retryStrategy", ["attempts": JSONValue(maxAttempts), "evaluateOnExit": retryRules]),
            ("containerProperties", container),
            ("timeout", timeoutSeconds.map { ["attemptDurationSeconds": JSONValue($0)] }), ("tags", tags),
            ("propagateTags", propagateTags.map { .bool($0) }),
            ("schedulingPriority", schedulingPriority.map { JSONValue($0) }),
            ("platformCapabilities", JSONValue(platforms)), ("containerOrchestrationType", "ECS"),
        ])
    }

    /// With empty lists where AWS gives them, and all that was registered.
    private var container: JSONValue {
        let own: [JSONValue.Member] = [
            .init("image", .string(image)), .init("command", JSONValue(command)), .init("environment", environment),
            .init("resourceRequirements", needs.answer),
        ]
        let given = properties.members ?? []
        let empty = ["volumes", "mountPoints", "ulimits", "secrets"].filter { name in
            !given.contains { $0.name == name }
        }
        return .object(own + empty.map { .init($0, []) } + given)
    }
}

extension Row {
    /// A `jsonb` column as a value.
    func document(_ column: Column) throws -> JSONValue { try JSONValue.parse(json(column).bytes) }
}

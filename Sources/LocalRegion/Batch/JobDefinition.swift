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
    let vcpus: Int
    let memoryMiB: Int
    let timeoutSeconds: Int?
    let maxAttempts: Int
    let retryRules: JSONValue
    let tags: JSONValue

    static let columns: SQL = """
        name, revision, status, image, command, environment, parameters, vcpus, memory_mib, timeout_seconds,
        max_attempts, retry_rules, tags
        """

    init(_ row: borrowing Row) throws {
        name = try row.text("name")
        revision = try row.int("revision")
        status = try row.text("status")
        image = try row.text("image")
        command = try row.value("command", as: [String].self)
        environment = try row.document("environment")
        parameters = try row.document("parameters")
        vcpus = try row.int("vcpus")
        memoryMiB = try row.int("memory_mib")
        timeoutSeconds = try row.intOptional("timeout_seconds")
        maxAttempts = try row.int("max_attempts")
        retryRules = try row.document("retry_rules")
        tags = try row.document("tags")
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
            (
                "containerProperties",
                [
                    "image": .string(image), "command": JSONValue(command), "volumes": [], "environment": environment,
                    "mountPoints": [], "ulimits": [], "secrets": [],
                    "resourceRequirements": ResourceNeeds(vcpus: vcpus, memoryMiB: memoryMiB).answer,
                ]
            ),
            ("timeout", timeoutSeconds.map { ["attemptDurationSeconds": JSONValue($0)] }), ("tags", tags),
            ("platformCapabilities", ["EC2"]), ("containerOrchestrationType", "ECS"),
        ])
    }
}

extension Row {
    /// A `jsonb` column as a value.
    func document(_ column: Column) throws -> JSONValue { try JSONValue.parse(json(column).bytes) }
}

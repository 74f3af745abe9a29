internal import JSON
internal import PostgreSQL

/// What a definition and a job say alike: what runs, with what, for how long, and how often it may fail.
struct JobTerms {
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

    init(_ row: borrowing Row) throws {
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
    }

    var members: [(String, JSONValue?)] {
        [
            ("parameters", parameters),
            ("retryStrategy", ["attempts": JSONValue(maxAttempts), "evaluateOnExit": retryRules]),
            ("timeout", timeoutSeconds.map { ["attemptDurationSeconds": JSONValue($0)] }), ("tags", tags),
            ("propagateTags", propagateTags.map { .bool($0) }),
            ("schedulingPriority", schedulingPriority.map { JSONValue($0) }),
        ]
    }

    /// The container's part of them.
    var containerMembers: [(String, JSONValue?)] {
        [
            ("image", .string(image)), ("command", JSONValue(command)), ("environment", environment),
            ("resourceRequirements", needs.answer),
        ]
    }
}

extension Row {
    /// A `jsonb` column as a value.
    func document(_ column: Column) throws -> JSONValue { try JSONValue.parse(json(column).bytes) }
}

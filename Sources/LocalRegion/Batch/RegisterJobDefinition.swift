internal import JSON
internal import PostgreSQL

/// RegisterJobDefinition: a new revision of a container definition. DeregisterJobDefinition: one that takes no new jobs.
struct RegisterJobDefinition {
    private let name: String
    private let image: String
    private let command: [String]
    private let environment: JSONValue
    private let parameters: [String: String]
    private let needs: ResourceNeeds
    private let timeoutSeconds: Int?
    private let attempts: Int?
    private let retryRules: JSONValue?
    private let tags: [String: String]
    private let propagateTags: Bool?
    private let schedulingPriority: Int?
    private let platforms: [String]
    private let properties: JSONValue

    private static let largest = 24 * 1024
    private static let unsupported = [
        "nodeProperties", "eksProperties", "ecsProperties", "consumableResourceProperties",
    ]
    /// What the region itself makes use of; all else is only shown.
    private static let used: Set = ["image", "command", "environment", "resourceRequirements", "vcpus", "memory"]

    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let definition = try RegisterJobDefinition(input)
        let revision = try definition.insert(&database)
        let names = BatchName(account: caller.account)
        return [
            "jobDefinitionName": .string(definition.name), "revision": JSONValue(revision),
            "jobDefinitionArn": .string(names.definition(definition.name, revision)),
        ]
    }

    static func deregister(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws {
        let text = try RequestMembers(input).required("jobDefinition")
        let names = BatchName(account: caller.account)
        guard let wanted = names.definitionName(text), let revision = wanted.revision else {
            throw LocalFault.batch("JobDefinition \(text.prefix(256)) must have a revision")
        }
        try database.execute(
            "UPDATE job_definitions SET status = 'INACTIVE' WHERE name = \(wanted.name) AND revision = \(revision)")
    }

    private init(_ input: JSONValue) throws(LocalFault) {
        let request = try RequestMembers(input)
        guard input.serialized().count <= Self.largest else {
            throw .batch("Job definition payload must be at most 24 KiB")
        }
        guard !JobSubmission.holdsNUL(input) else { throw .batch("Strings must not contain the character U+0000") }
        name = try request.required("jobDefinitionName")
        guard BatchName.isValid(name) else { throw .batch("Job definition name should match valid pattern") }
        let type = try request.required("type")
        guard type == "container" else { throw .batch("type \(type.prefix(64)) is not supported by the local region") }
        if let other = Self.unsupported.first(where: { !(request.value[$0]?.isNull ?? true) }) {
            throw .batch("\(other) is not supported by the local region")
        }
        guard let container = try request.object("containerProperties") else {
            throw .batch("containerProperties can not be null")
        }
        image = try container.required("image")
        command = try container.strings("command") ?? []
        environment = .array(
            try JobSubmission.environment(container).map { ["name": .string($0.name), "value": .string($0.value)] })
        needs = try Self.needs(container)
        properties = .object(
            (container.value.members ?? []).filter { !Self.used.contains($0.name) && !$0.value.isNull })
        parameters = try request.stringMap("parameters") ?? [:]
        timeoutSeconds = try JobSubmission.timeout(request)
        (attempts, retryRules) = try JobSubmission.retry(request)
        tags = try JobTags.read(request)
        propagateTags = try request.bool("propagateTags")
        schedulingPriority = try request.integer("schedulingPriority")
        platforms = try Self.platforms(request)
    }

    private static func needs(_ container: RequestMembers) throws(LocalFault) -> ResourceNeeds {
        var needs = ResourceNeeds(vcpus: 0, memoryMiB: 0)
        try needs.override(container)
        guard needs.vcpus > 0 else { throw .batch("VCPU is required in resourceRequirements") }
        guard needs.memoryMiB > 0 else { throw .batch("MEMORY is required in resourceRequirements") }
        return needs
    }

    private static func platforms(_ request: RequestMembers) throws(LocalFault) -> [String] {
        let platforms = try request.strings("platformCapabilities") ?? ["EC2"]
        guard platforms == ["EC2"] else { throw .batch("The local region has only the platform capability EC2") }
        return platforms
    }

    /// Revisions of one name come one after another, whoever registers at the same time.
    private func insert(_ database: inout Connection) throws -> Int {
        let rules = JSONText((retryRules ?? []).serialized())
        let results = try database.pipeline([
            "SELECT pg_advisory_xact_lock(hashtextextended(\("batchport.local.definition." + name), 0))",
            """
            INSERT INTO job_definitions (name, revision, image, command, environment, parameters, vcpus, memory_mib, gpus,
                timeout_seconds, max_attempts, retry_rules, tags, propagate_tags, scheduling_priority, platforms, properties)
            SELECT \(name), 1 + coalesce(max(revision), 0), \(image), \(command), \(JSONText(environment.serialized())),
                \(JSONText(JSONValue.map(parameters).serialized())), \(needs.vcpus)::int, \(needs.memoryMiB)::int,
                \(needs.gpus)::int, \(timeoutSeconds)::int, \(attempts ?? 1)::int, \(rules),
                \(JSONText(JSONValue.map(tags).serialized())), \(propagateTags), \(schedulingPriority)::int, \(platforms),
                \(JSONText(properties.serialized()))
            FROM job_definitions WHERE name = \(name) RETURNING revision
            """,
        ])
        return try results[1].row { row in try row.int(0) } ?? 0
    }
}

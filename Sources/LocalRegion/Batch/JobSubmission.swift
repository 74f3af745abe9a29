internal import JSON

/// A SubmitJob request, checked as far as it can be without the queue and the definition.
struct JobSubmission {
    let name: String
    let queue: String
    let definition: String
    let overrides: RequestMembers
    let command: [String]?
    /// Name and value, in the request's order.
    let environment: [(name: String, value: String)]
    let timeoutSeconds: Int?
    let attempts: Int?
    let retryRules: JSONValue?
    let parameters: [String: String]
    let tags: [String: String]
    let propagateTags: Bool?
    let arraySize: Int?
    let dependencies: JobDependencies
    let shareIdentifier: String?
    let schedulingPriority: Int?

    /// Largest request that AWS takes, in bytes of its JSON.
    static let largest = 30 * 1024
    private static let unsupported = [
        "nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride", "consumableResourcePropertiesOverride",
    ]

    init(_ input: JSONValue) throws(LocalFault) {
        let request = try RequestMembers(input)
        guard input.serialized().count <= Self.largest else {
            throw .batch("Job submission payload must be at most 30 KiB")
        }
        guard !Self.holdsNUL(input) else { throw .batch("Strings must not contain the character U+0000") }
        try Self.refuseUnsupported(request)
        name = try request.required("jobName")
        guard BatchName.isValid(name) else { throw .batch("Job name should match valid pattern") }
        queue = try request.required("jobQueue")
        definition = try request.required("jobDefinition")
        overrides = try request.object("containerOverrides") ?? RequestMembers()
        command = try Self.command(overrides)
        environment = try Self.environment(overrides)
        // What they come to depends on the definition, whether they are well-formed does not.
        var needs = ResourceNeeds(vcpus: 1, memoryMiB: 4)
        try needs.override(overrides)
        timeoutSeconds = try Self.timeout(request)
        (attempts, retryRules) = try Self.retry(request)
        parameters = try request.stringMap("parameters") ?? [:]
        tags = try JobTags.read(request)
        propagateTags = try request.bool("propagateTags")
        arraySize = try Self.arraySize(request)
        dependencies = try JobDependencies(request, isArray: arraySize != nil)
        (shareIdentifier, schedulingPriority) = try Self.share(request)
    }

    private static func refuseUnsupported(_ request: RequestMembers) throws(LocalFault) {
        if let name = unsupported.first(where: { !(request.value[$0]?.isNull ?? true) }) {
            throw .batch("\(name) is not supported by the local region")
        }
    }

    private static func arraySize(_ request: RequestMembers) throws(LocalFault) -> Int? {
        guard let size = try request.object("arrayProperties")?.integer("size") else { return nil }
        guard (2...10_000).contains(size) else { throw .batch("Array size must be between 2 and 10000") }
        return size
    }

    private static func share(_ request: RequestMembers) throws(LocalFault) -> (String?, Int?) {
        let share = try request.string("shareIdentifier")
        let priority = try request.integer("schedulingPriorityOverride")
        if let share {
            guard (1...255).contains(share.utf8.count), share.utf8.allSatisfy(BatchName.isAlphanumeric) else {
                throw .batch("shareIdentifier must be at most 255 letters and digits")
            }
        }
        if let priority {
            guard (0...9999).contains(priority) else {
                throw .batch("schedulingPriorityOverride must be between 0 and 9999")
            }
        }
        return (share, priority)
    }

    private static func command(_ overrides: RequestMembers) throws(LocalFault) -> [String]? {
        guard let command = try overrides.strings("command"), !command.isEmpty else { return nil }
        guard command.allSatisfy({ !$0.isEmpty }) else { throw .batch("Command must not contain empty strings") }
        return command
    }

    static func environment(_ overrides: RequestMembers) throws(LocalFault) -> [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        for item in try overrides.objects("environment") ?? [] {
            let name = try item.required("name")
            guard !name.hasPrefix("AWS_BATCH") else {
                throw .batch("Environment variable names can not start with AWS_BATCH")
            }
            guard !name.contains("=") else { throw .batch("Environment variable names can not contain =") }
            variables.append((name, try item.string("value") ?? ""))
        }
        return variables
    }

    static func timeout(_ request: RequestMembers) throws(LocalFault) -> Int? {
        guard let seconds = try request.object("timeout")?.integer("attemptDurationSeconds") else { return nil }
        guard seconds >= 60 else { throw .batch("Job attempt duration timeout must be at least 60 seconds") }
        return min(seconds, Int(Int32.max))
    }

    static func retry(_ request: RequestMembers) throws(LocalFault) -> (Int?, JSONValue?) {
        guard let strategy = try request.object("retryStrategy") else { return (nil, nil) }
        let rules = try strategy.objects("evaluateOnExit")
        guard let attempts = try strategy.integer("attempts") else {
            if rules == nil { return (nil, nil) }
            throw .batch("RetryAttempts must be provided with retry strategy")
        }
        guard (1...10).contains(attempts) else { throw .batch("RetryAttempts must be between 1 and 10") }
        _ = try RetryRules(rules ?? [])
        return (attempts, .array((rules ?? []).map(\.value)))
    }

    static func holdsNUL(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text.utf8.contains(0)
        case .array(let items): items.contains(where: holdsNUL)
        case .object(let members): members.contains { $0.name.utf8.contains(0) || holdsNUL($0.value) }
        default: false
        }
    }
}

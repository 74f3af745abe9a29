internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// Accepting a job: one row, or an array's rows, written before the answer.
struct SubmitJob {
    private let submission: JobSubmission
    private let definition: JobDefinition
    private let queue: String
    private let needs: ResourceNeeds
    private let command: [String]
    /// Nil: the job really runs.
    private let simulation: String?

    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let names = BatchName(account: caller.account)
        let job = try SubmitJob(JobSubmission(input), names, &database)
        let id = try job.insert(input, caller, &database).uuidString.lowercased()
        return ["jobArn": .string(names.job(id)), "jobName": .string(job.submission.name), "jobId": .string(id)]
    }

    private init(_ submission: JobSubmission, _ names: BatchName, _ database: inout Connection) throws {
        let queue = names.queueName(submission.queue)
        let queueTags = try Self.check(submission, queue, &database)
        guard let definition = try JobDefinition.find(submission.definition, names, &database) else {
            throw LocalFault.batch("JobDefinition \(submission.definition.prefix(256)) not found")
        }
        guard definition.status == "ACTIVE" else {
            throw LocalFault.batch("JobDefinition \(definition.name):\(definition.revision) is not ACTIVE")
        }
        try submission.dependencies.check(size: submission.arraySize, &database)
        var needs = definition.terms.needs
        try needs.override(submission.overrides)
        self.submission = submission
        self.definition = definition
        self.queue = queue
        self.needs = needs
        simulation = try Self.simulation(
            submission, [.map(submission.tags), definition.terms.tags, queueTags], &database)
        command = try submission.command ?? Self.substitute(definition, submission.parameters)
    }

    /// Answers the queue's tags.
    private static func check(
        _ submission: JobSubmission, _ queue: String, _ database: inout Connection
    ) throws -> JSONValue {
        let found = try database.row("SELECT state, scheduling_policy, tags FROM job_queues WHERE name = \(queue)") {
            row in
            (state: try row.text(0), policy: try row.textOptional(1), tags: try row.document(2))
        }
        guard let found else { throw LocalFault.batch("JobQueue \(submission.queue.prefix(256)) not found") }
        guard found.state == "ENABLED" else { throw LocalFault.batch("JobQueue \(queue) is \(found.state)") }
        if found.policy != nil {
            guard submission.shareIdentifier != nil else {
                throw LocalFault.batch(
                    "Job with fair share scheduling policy must have a shareIdentifier, the queue \(queue) has one.")
            }
        } else if submission.shareIdentifier != nil || submission.schedulingPriority != nil {
            throw LocalFault.batch(
                "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with fair share "
                    + "scheduling policy.")
        }
        return found.tags
    }

    /// Named by the job's own variable BATCHPORT_SIMULATION, or by the tag `batchport:simulation` of the job, its
    /// definition or its queue.
    private static func simulation(
        _ submission: JobSubmission, _ tags: [JSONValue], _ database: inout Connection
    ) throws -> String? {
        let own = submission.environment.last { $0.name == "BATCHPORT_SIMULATION" }?.value
        guard let name = own ?? tags.lazy.compactMap({ $0["batchport:simulation"]?.string }).first else { return nil }
        let found = try database.row("SELECT 1 FROM simulations WHERE name = \(name)") { row in try row.int(0) }
        guard found != nil else { throw LocalFault.batch("The local region has no simulation \(name.prefix(64))") }
        return name
    }

    /// The definition's command with each `Ref::name` replaced by that parameter.
    private static func substitute(
        _ definition: JobDefinition, _ given: [String: String]
    ) throws(LocalFault) -> [String] {
        var command: [String] = []
        for argument in definition.terms.command {
            guard argument.hasPrefix("Ref::") else {
                command.append(argument)
                continue
            }
            let name = String(argument.dropFirst(5))
            guard let value = given[name] ?? definition.terms.parameters[name]?.string else {
                throw .batch("Unable to substitute value. No parameter found for reference \(name)")
            }
            command.append(value)
        }
        return command
    }

    /// The job, its children, and what it waits for: all or nothing.
    private func insert(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> UUID {
        let id = UUID()
        let children = submission.arraySize == nil ? [] : [ArrayJobs.insertChildren(of: id)]
        _ = try database.pipeline(
            [insertion(id, input, caller)] + children + submission.dependencies.insertions(id) + [LocalExecutor.wake])
        return id
    }

    private func insertion(_ id: UUID, _ input: JSONValue, _ caller: LocalCaller) -> SQL {
        """
        INSERT INTO jobs (id, array_size, depends_on, share_identifier, scheduling_priority, name, queue, definition,
            revision, command, environment, parameters, vcpus, memory_mib, gpus, timeout_seconds, max_attempts,
            retry_rules, tags, propagate_tags, overrides_length, simulation, request, request_id, access_key_id, principal)
        VALUES (\(id), \(submission.arraySize)::int, \(text(submission.dependencies.answer)),
            \(submission.shareIdentifier), \(submission.schedulingPriority)::int, \(submission.name), \(queue),
            \(definition.name), \(definition.revision)::int, \(command), \(text(environment)),
            \(text(parameters)), \(needs.vcpus)::int, \(needs.memoryMiB)::int, \(needs.gpus)::int,
            \(submission.timeoutSeconds ?? definition.terms.timeoutSeconds)::int,
            \(submission.attempts ?? definition.terms.maxAttempts)::int,
            \(text(submission.retryRules ?? definition.terms.retryRules)), \(text(.map(submission.tags))),
            \(submission.propagateTags ?? definition.terms.propagateTags), \(overridesLength)::int, \(simulation),
            \(text(input)), \(caller.requestID), \(caller.accessKeyID), \(caller.principal))
        """
    }

    private func text(_ value: JSONValue) -> JSONText { JSONText(value.serialized()) }

    /// The definition's variables, those of the same name replaced, then the request's others.
    private var environment: JSONValue {
        var variables = (definition.terms.environment.array ?? []).compactMap { item in
            item["name"]?.string.map { (name: $0, value: item["value"]?.string ?? "") }
        }
        for variable in submission.environment {
            if let index = variables.firstIndex(where: { $0.name == variable.name }) {
                variables[index] = variable
            } else {
                variables.append(variable)
            }
        }
        return .array(variables.map { ["name": .string($0.name), "value": .string($0.value)] })
    }

    private var parameters: JSONValue {
        var texts = submission.parameters
        for member in definition.terms.parameters.members ?? [] where texts[member.name] == nil {
            texts[member.name] = member.value.string
        }
        return .map(texts)
    }

    /// ECS takes at most 8192; Batch accepts more, and then the job fails.
    private var overridesLength: Int {
        let command = submission.overrides.value["command"] ?? []
        let environment = submission.overrides.value["environment"] ?? []
        let document: JSONValue = ["command": command, "environment": environment]
        return document.serialized().count
    }
}

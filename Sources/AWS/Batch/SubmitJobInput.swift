package import JSON

/// What SubmitJob is asked for; what is nil or empty is not sent.
package struct SubmitJobInput: Sendable {
    package struct Retry: Sendable {
        /// One rule of `evaluateOnExit`: patterns with `*` only at their end; `action` is RETRY or EXIT.
        package struct Rule: Sendable {
            package var onStatusReason: String?
            package var onReason: String?
            package var onExitCode: String?
            package var action: String

            package init(
                onStatusReason: String? = nil, onReason: String? = nil, onExitCode: String? = nil, action: String
            ) {
                self.onStatusReason = onStatusReason
                self.onReason = onReason
                self.onExitCode = onExitCode
                self.action = action
            }
        }

        /// 1 to 10
        package var attempts: Int
        /// At most 5; where none fits, Batch retries.
        package var rules: [Rule]

        package init(attempts: Int, rules: [Rule] = []) {
            self.attempts = attempts
            self.rules = rules
        }
    }

    /// `[A-Za-z0-9][A-Za-z0-9_-]{0,127}`
    package var jobName: String
    /// Name or ARN.
    package var jobQueue: String
    /// Name, name:revision or ARN.
    package var jobDefinition: String
    package var command: [String]?
    package var environment: [(name: String, value: String)] = []
    /// `0.25` and the like on Fargate, whole numbers on EC2.
    package var vcpus: String?
    package var memoryMiB: Int?
    package var gpus: Int?
    /// Of a definition with `ecsProperties`: the container that the four above are meant for.
    package var containerName: String?
    package var parameters: [String: String] = [:]
    package var retry: Retry?
    /// At least 60.
    package var timeoutSeconds: Int?
    /// 2 to 10,000
    package var arraySize: Int?
    /// Job ids, at most 20.
    package var dependsOn: [String] = []
    package var tags: [String: String] = [:]
    package var propagateTags: Bool?
    package var shareIdentifier: String?
    package var schedulingPriority: Int?

    package init(jobName: String, jobQueue: String, jobDefinition: String) {
        self.jobName = jobName
        self.jobQueue = jobQueue
        self.jobDefinition = jobDefinition
    }

    /// Batch takes more, but ECS then fails the job with "Container Overrides length must be at most 8192".
    package static let longestOverrides = 8192

    /// The characters of the overrides' JSON, which ECS counts.
    package var overridesLength: Int { overrides.text.utf8.count }
}

extension SubmitJobInput {
    /// The request's body.
    package var json: JSONValue {
        let own = overrides
        var members: [JSONValue.Member] = [
            .init("jobName", .string(jobName)), .init("jobQueue", .string(jobQueue)),
            .init("jobDefinition", .string(jobDefinition)),
        ]
        func add(_ name: String, _ value: JSONValue?) {
            if let value { members.append(.init(name, value)) }
        }
        if own != [:] {
            add(containerName == nil ? "containerOverrides" : "ecsPropertiesOverride", placed(own))
        }
        add("parameters", Self.map(parameters))
        add("retryStrategy", retry.map(Self.strategy))
        add("timeout", timeoutSeconds.map { ["attemptDurationSeconds": JSONValue($0)] })
        add("arrayProperties", arraySize.map { ["size": JSONValue($0)] })
        add("dependsOn", dependsOn.isEmpty ? nil : .array(dependsOn.map { ["jobId": .string($0)] }))
        add("tags", Self.map(tags))
        add("propagateTags", propagateTags.map { .bool($0) })
        add("shareIdentifier", shareIdentifier.map { .string($0) })
        add("schedulingPriorityOverride", schedulingPriority.map { JSONValue($0) })
        return .object(members)
    }

    private var overrides: JSONValue {
        var members: [JSONValue.Member] = []
        if let command { members.append(.init("command", JSONValue(command))) }
        if !environment.isEmpty {
            let list = environment.map { variable -> JSONValue in
                ["name": .string(variable.name), "value": .string(variable.value)]
            }
            members.append(.init("environment", .array(list)))
        }
        let needs = [("VCPU", vcpus), ("MEMORY", memoryMiB.map(String.init)), ("GPU", gpus.map(String.init))]
        let requirements = needs.compactMap { type, value -> JSONValue? in
            value.map { ["type": .string(type), "value": .string($0)] }
        }
        if !requirements.isEmpty { members.append(.init("resourceRequirements", .array(requirements))) }
        return .object(members)
    }

    private func placed(_ overrides: JSONValue) -> JSONValue {
        guard let containerName, let members = overrides.members else { return overrides }
        let container = JSONValue.object([.init("name", .string(containerName))] + members)
        return ["taskProperties": [["containers": [container]]]]
    }

    private static func map(_ entries: [String: String]) -> JSONValue? {
        guard !entries.isEmpty else { return nil }
        return .object(entries.map { .init($0.key, .string($0.value)) })
    }

    private static func strategy(_ retry: Retry) -> JSONValue {
        var members: [JSONValue.Member] = [.init("attempts", JSONValue(retry.attempts))]
        if !retry.rules.isEmpty {
            let rules = retry.rules.map { rule in
                let entries = [
                    ("onStatusReason", rule.onStatusReason), ("onReason", rule.onReason),
                    ("onExitCode", rule.onExitCode), ("action", rule.action),
                ]
                return JSONValue.object(entries.compactMap { name, value in value.map { .init(name, .string($0)) } })
            }
            members.append(.init("evaluateOnExit", .array(rules)))
        }
        return .object(members)
    }
}

package struct SubmittedJob: Sendable, Equatable {
    package let jobID: String
    /// Absent from some compatible servers' answers.
    package let jobARN: String?
    package let jobName: String
}

package import JSON

/// A revision of a job definition.
package struct JobDefinition: Sendable, Equatable {
    package let arn: String
    package let name: String
    package let revision: Int
    /// ACTIVE or INACTIVE
    package let status: String
    /// container or multinode
    package let type: String
    package let tags: [String: String]
    /// Nil where the definition sets no time limit.
    package let timeoutSeconds: Int?
    /// EC2 or FARGATE
    package let platformCapabilities: [String]
    /// Everything that was said.
    package let raw: JSONValue

    init?(_ raw: JSONValue) {
        guard let arn = raw["jobDefinitionArn"]?.nonEmpty, let name = raw["jobDefinitionName"]?.nonEmpty else {
            return nil
        }
        self.arn = arn
        self.name = name
        self.raw = raw
        revision = raw["revision"]?.integer ?? Int(arn.split(separator: ":").last ?? "") ?? 0
        status = raw["status"]?.string ?? ""
        type = raw["type"]?.string ?? ""
        tags = raw["tags"]?.texts ?? [:]
        timeoutSeconds = raw["timeout"]?["attemptDurationSeconds"]?.integer
        platformCapabilities = raw["platformCapabilities"]?.array?.compactMap(\.string) ?? []
    }
}

package struct JobQueue: Sendable, Equatable {
    package let name: String
    package let arn: String
    /// ENABLED or DISABLED
    package let state: String
    /// VALID, INVALID, CREATING …
    package let status: String
    package let statusReason: String?
    package let priority: Int?
    /// A fair-share queue has one; jobs then need a share identifier.
    package let schedulingPolicyARN: String?
    package let raw: JSONValue

    init?(_ raw: JSONValue) {
        guard let name = raw["jobQueueName"]?.nonEmpty, let arn = raw["jobQueueArn"]?.nonEmpty else { return nil }
        self.name = name
        self.arn = arn
        self.raw = raw
        state = raw["state"]?.string ?? ""
        status = raw["status"]?.string ?? ""
        statusReason = raw["statusReason"]?.nonEmpty
        priority = raw["priority"]?.integer
        schedulingPolicyARN = raw["schedulingPolicyArn"]?.nonEmpty
    }
}

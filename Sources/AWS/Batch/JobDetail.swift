package import JSON

/// A job as DescribeJobs tells it. What AWS does not say is nil, never 0 or "".
package struct JobDetail: Sendable, Equatable {
    package struct Container: Sendable, Equatable {
        /// Nil when the host died or the container never ran: not the same as 0.
        package let exitCode: Int?
        package let reason: String?
        package let logStreamName: String?
        package let taskARN: String?
        package let containerInstanceARN: String?
        package let image: String?
    }

    package struct Attempt: Sendable, Equatable {
        package let startedAt: Int64?
        package let stoppedAt: Int64?
        package let statusReason: String?
        package let container: Container?
    }

    package let jobID: String
    package let jobARN: String?
    package let jobName: String
    package let jobQueue: String
    package let jobDefinition: String
    /// SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED
    package let status: String
    package let statusReason: String?
    /// Milliseconds since the epoch, like the two below.
    package let createdAt: Int64?
    package let startedAt: Int64?
    package let stoppedAt: Int64?
    package let container: Container?
    /// In their order; those before the last were retried.
    package let attempts: [Attempt]
    package let tags: [String: String]
    package let isCancelled: Bool?
    package let isTerminated: Bool?
    /// `size` and `statusSummary` of an array, `index` of a child; nil for a single job.
    package let arrayProperties: JSONValue?
    /// Everything that was said.
    package let raw: JSONValue

    /// Nil without id and status.
    package init?(_ raw: JSONValue) {
        guard let jobID = raw["jobId"]?.nonEmpty, let status = raw["status"]?.nonEmpty else { return nil }
        self.jobID = jobID
        self.status = status
        self.raw = raw
        jobARN = raw["jobArn"]?.nonEmpty
        jobName = raw["jobName"]?.string ?? ""
        jobQueue = raw["jobQueue"]?.string ?? ""
        jobDefinition = raw["jobDefinition"]?.string ?? ""
        statusReason = raw["statusReason"]?.nonEmpty
        createdAt = raw["createdAt"]?.time
        startedAt = raw["startedAt"]?.time
        stoppedAt = raw["stoppedAt"]?.time
        container = raw.container
        attempts = raw["attempts"]?.array?.map(Attempt.init) ?? []
        tags = raw["tags"]?.texts ?? [:]
        isCancelled = raw["isCancelled"]?.bool
        isTerminated = raw["isTerminated"]?.bool
        let array = raw["arrayProperties"]
        arrayProperties = array?.members?.isEmpty == false ? array : Optional.none
    }
}

extension JobDetail.Attempt {
    init(_ raw: JSONValue) {
        startedAt = raw["startedAt"]?.time
        stoppedAt = raw["stoppedAt"]?.time
        statusReason = raw["statusReason"]?.nonEmpty
        container = raw.container
    }
}

extension JobDetail.Container {
    init(_ raw: JSONValue) {
        exitCode = raw["exitCode"]?.integer
        reason = raw["reason"]?.nonEmpty
        logStreamName = raw["logStreamName"]?.nonEmpty
        taskARN = raw["taskArn"]?.nonEmpty
        containerInstanceARN = raw["containerInstanceArn"]?.nonEmpty
        image = raw["image"]?.nonEmpty
    }
}

extension JSONValue {
    /// A text that says something.
    var nonEmpty: String? { string.flatMap { $0.isEmpty ? nil : $0 } }

    /// Milliseconds since the epoch, be they written as a whole number or not; 0 stands for "not yet".
    var time: Int64? { integer.flatMap { $0 > 0 ? Int64($0) : nil } }

    var texts: [String: String] {
        var texts: [String: String] = [:]
        for member in members ?? [] { texts[member.name] = member.value.string }
        return texts
    }

    /// Of a job or an attempt: `container`, or the first container of the first ECS task.
    fileprivate var container: JobDetail.Container? {
        if let own = self["container"], own.members?.isEmpty == false { return JobDetail.Container(own) }
        let tasks = self["taskProperties"] ?? self["ecsProperties"]?["taskProperties"]
        return tasks?[0]?["containers"]?[0].map(JobDetail.Container.init)
    }
}

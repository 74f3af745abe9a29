internal import JSON

/// A job as ListJobs tells it.
package struct JobSummary: Sendable, Equatable {
    package let jobID: String
    package let jobName: String
    package let status: String
    package let statusReason: String?
    /// Milliseconds since the epoch, like the two below.
    package let createdAt: Int64?
    package let startedAt: Int64?
    package let stoppedAt: Int64?
    package let exitCode: Int?
    /// The container's.
    package let reason: String?
    /// Of an array's child, from 0.
    package let index: Int?

    init?(_ raw: JSONValue) {
        guard let jobID = raw["jobId"]?.nonEmpty, let jobName = raw["jobName"]?.nonEmpty else { return nil }
        self.jobID = jobID
        self.jobName = jobName
        status = raw["status"]?.string ?? ""
        statusReason = raw["statusReason"]?.nonEmpty
        createdAt = raw["createdAt"]?.time
        startedAt = raw["startedAt"]?.time
        stoppedAt = raw["stoppedAt"]?.time
        exitCode = raw["container"]?["exitCode"]?.integer
        reason = raw["container"]?["reason"]?.nonEmpty
        index = raw["arrayProperties"]?["index"]?.integer
    }
}

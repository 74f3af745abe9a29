import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// The seed's properties by their own names (jobs.md "Properties").
enum JobProperty: String, CaseIterable {
    case environment = "Environment"
    case jobFailed = "JobFailedQ"
    case jobInProgress = "JobInProgressQ"
    case jobSucceeded = "JobSucceededQ"
    case jobName = "JobName"
    case jobStatus = "JobStatus"
    case jobStatusReason = "JobStatusReason"
    case jobType = "JobType"
    case jobUUID = "JobUUID"
    case provider = "Provider"
    case providerJobID = "ProviderJobID"
    case providerSettings = "ProviderSettings"
    case timeConstraint = "TimeConstraint"
    case jobExitCode = "JobExitCode"
    case jobLog = "JobLog"
    case jobInputFilenames = "JobInputFilenames"
    case evaluationResult = "EvaluationResult"
    case evaluationData = "EvaluationData"
    case evaluationTiming = "EvaluationTiming"
    case evaluationAbsoluteTiming = "EvaluationAbsoluteTiming"
    case evaluationMessagesText = "EvaluationMessagesText"
    // Of arrays only; a Single job has them as `notApplicable`.
    case childJobCount = "ChildJobCount"
    case childJobExitCodes = "ChildJobExitCodes"
    case childJobStatusReasons = "ChildJobStatusReasons"
    case childJobStatuses = "ChildJobStatuses"
    case childJobObjects = "ChildJobObjects"
    case evaluationResults = "EvaluationResults"
    case childJobEvaluationData = "ChildJobEvaluationData"
    case childJobEvaluationTimings = "ChildJobEvaluationTimings"
    case childJobEvaluationAbsoluteTimings = "ChildJobEvaluationAbsoluteTimings"
    case evaluationMessagesExpressions = "EvaluationMessagesExpressions"

    func value(of job: Job, _ scope: inout Scope) throws -> Result<JSONValue, Missing> {
        if let value = try value(ofArray: job, &scope) { return value }
        return switch self {
        case .environment: .success(["id": .string(job.environment.id.lower), "name": .string(job.environment.name)])
        case .jobFailed: .success(.bool(job.line.standing.hasFailed))
        case .jobInProgress: .success(.bool(job.line.standing.isInProgress))
        case .jobSucceeded: .success(.bool(job.line.standing.hasSucceeded))
        case .jobName: .success(.string(job.name))
        case .jobStatus: job.statusOrMissing.map { .string($0) }
        case .jobStatusReason: job.statusReasonOrMissing.map { .string($0) }
        case .jobType: .success("Single")
        case .jobUUID: .success(.string(job.idText))
        case .provider: .success("AWSBatch")
        case .providerJobID:
            job.providerJobID.map { .success(.string($0)) }
                ?? .failure(Missing(cause: job.phase == "neverSent" ? .neverSent : .notStarted))
        case .providerSettings: .success(job.providerSettings)
        case .timeConstraint: job.timeLimit.map { .success(JSONValue($0)) } ?? .failure(Missing(cause: .notProvided))
        case .jobExitCode: job.exitCodeOrMissing.map { JSONValue($0) }
        case .jobLog: try log(job, &scope.database)
        case .jobInputFilenames: .success(JSONValue(try scope.database.details(of: job.id).inputs.map(\.name)))
        case .evaluationResult: try result(job, &scope.database)
        case .evaluationData: try evaluation(job, &scope.database)
        case .evaluationTiming: job.seconds("cpuMilliseconds")
        case .evaluationAbsoluteTiming: job.seconds("elapsedMilliseconds")
        case .evaluationMessagesText: job.measured("messages") { $0 }
        default: .failure(Missing(cause: .notApplicable))
        }
    }

    /// The whole text, up to 1 MiB; longer ones have an address of their own.
    private func log(_ job: Job, _ database: inout Connection) throws -> Result<JSONValue, Missing> {
        guard let log = try database.logs(of: job.id).last else { return .failure(job.whyNoLog) }
        var text = ""
        for first in stride(from: 1, through: max(1, log.lines), by: 1000) {
            for line in try database.logLines(of: job.id, attempt: log.attempt, first: first, count: 1000) {
                text += line.text + "\n"
            }
            guard text.utf8.count <= 1 << 20 else {
                return .failure(Missing(cause: .tooLarge, detail: "The log is read by /api/v1/jobs/\(job.idText)/log."))
            }
        }
        return .success(.string(text))
    }

    private func result(_ job: Job, _ database: inout Connection) throws -> Result<JSONValue, Missing> {
        try database.result(of: job).flatMap { result in
            guard let value = try? JSONValue.parse(result.bytes) else { return .failure(Missing(cause: .invalid)) }
            return .success(value)
        }
    }

    private func evaluation(_ job: Job, _ database: inout Connection) throws -> Result<JSONValue, Missing> {
        guard let outcome = job.outcome else { return .failure(job.whyNoOutcome) }
        let result = try result(job, &database)
        var members = outcome.members?.filter { $0.name != "outputs" && $0.name != "result" } ?? []
        switch result {
        case .success(let value): members.append(.init("result", value))
        case .failure(let missing): members.append(.init("missing", ["result": missing.json]))
        }
        return .success(.object(members))
    }
}

extension Job {
    var whyNoOutcome: Missing {
        if case .failure(let missing) = exitCodeOrMissing { return missing }
        return Missing(cause: isSettled ? .notProvided : .notCaptured, detail: "The runner left no record of this job.")
    }

    /// A figure of the runner's record, in seconds.
    fileprivate func seconds(_ name: String) -> Result<JSONValue, Missing> {
        measured(name) { value in value.double.map { JSONValue($0 / 1000) } ?? value }
    }

    fileprivate func measured(_ name: String, _ read: (JSONValue) -> JSONValue) -> Result<JSONValue, Missing> {
        guard let value = outcome?[name], value != .null else { return .failure(whyNoOutcome) }
        return .success(read(value))
    }
}

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

    /// Of a Single job or an array's child.
    private static let ofOneProcess: Set<JobProperty> = [
        .jobExitCode, .jobLog, .evaluationResult, .evaluationData, .evaluationTiming, .evaluationAbsoluteTiming,
        .evaluationMessagesText, .evaluationMessagesExpressions,
    ]
    /// Of an array, as long as it has children: read where they are asked for.
    static let ofAllChildren: Set<JobProperty> = [
        .childJobExitCodes, .childJobStatusReasons, .childJobStatuses, .childJobObjects, .evaluationResults,
        .childJobEvaluationData, .childJobEvaluationTimings, .childJobEvaluationAbsoluteTimings,
    ]

    /// Everything but the log and what all children have, which is read only where it is asked for.
    func value(of facts: JobFacts) -> Result<JSONValue, Missing> {
        let job = facts.job
        if job.line.children != nil, Self.ofOneProcess.contains(self) {
            return .failure(Missing(cause: .notApplicable, detail: "Each child of an array has its own."))
        }
        switch self {
        case .environment:
            return .success(["id": .string(job.environment.id.lower), "name": .string(job.environment.name)])
        case .jobFailed: return .success(.bool(job.line.standing.hasFailed))
        case .jobInProgress: return .success(.bool(job.line.standing.isInProgress))
        case .jobSucceeded: return .success(.bool(job.line.standing.hasSucceeded))
        case .jobName: return .success(.string(job.name))
        case .jobStatus: return job.statusOrMissing.map { .string($0) }
        case .jobStatusReason: return job.statusReasonOrMissing.map { .string($0) }
        case .jobType: return .success(job.line.children == nil ? "Single" : "Array")
        case .jobUUID: return .success(.string(job.idText))
        case .provider: return .success("AWSBatch")
        case .providerJobID: return job.providerIDOrMissing.map { .string($0) }
        case .providerSettings: return .success(job.providerSettings)
        case .timeConstraint: return job.timeLimitOrMissing.map { JSONValue($0) }
        case .jobExitCode: return job.exitCodeOrMissing.map { JSONValue($0) }
        case .jobLog: return .failure(job.whyNoLog)
        case .jobInputFilenames: return .success(JSONValue(facts.details.inputs.map(\.name)))
        case .evaluationResult: return facts.evaluationResult
        case .evaluationData: return facts.evaluationData
        case .evaluationTiming: return job.seconds("cpuMilliseconds")
        case .evaluationAbsoluteTiming: return job.seconds("elapsedMilliseconds")
        case .evaluationMessagesText: return job.measured("messages") { job.kernelMessages ?? $0 }
        case .evaluationMessagesExpressions where job.language == "wolfram":
            return job.measured("evaluation") { $0["messages"] ?? [] }
        case .childJobCount where job.line.children != nil:
            return .success(JSONValue(job.line.children?.total ?? 0))
        default: return .failure(Missing(cause: .notApplicable))
        }
    }
}

/// What a job's properties are told from.
struct JobFacts {
    let job: Job
    let details: JobDetails
    let result: Result<JobResult, Missing>

    fileprivate var evaluationResult: Result<JSONValue, Missing> {
        result.flatMap { result in
            guard let value = try? JSONValue.parse(result.bytes) else { return .failure(Missing(cause: .invalid)) }
            return .success(value)
        }
    }

    /// What the runner recorded, with the result in it.
    fileprivate var evaluationData: Result<JSONValue, Missing> {
        guard let outcome = job.outcome else { return .failure(job.whyNoOutcome) }
        let record = EvaluationRecord(outcome: outcome)
        return switch evaluationResult {
        case .success(let value): .success(record.json([.init("result", value)]))
        case .failure(let missing): .success(record.json([.init("missing", ["result": missing.json])]))
        }
    }
}

extension Connection {
    mutating func facts(of job: Job) throws -> JobFacts {
        JobFacts(job: job, details: try details(of: job.id), result: try result(of: job))
    }

    /// The last attempt's whole text, up to 1 MiB; longer ones have an address of their own.
    mutating func logProperty(of job: Job) throws -> Result<JSONValue, Missing> {
        guard let log = try logs(of: job.id).last else { return .failure(job.whyNoLog) }
        guard log.bytes <= 1 << 20 else {
            return .failure(Missing(cause: .tooLarge, detail: "The log is read by /api/v1/jobs/\(job.idText)/log."))
        }
        let lines = try logLines(of: job.id, attempt: log.attempt, LogSpan(first: 1, count: log.lines))
        return .success(.string(lines.map { $0.text + "\n" }.joined()))
    }
}

extension Job {
    /// A figure of the runner's record, in seconds.
    fileprivate func seconds(_ name: String) -> Result<JSONValue, Missing> {
        measured(name) { value in value.double.map { JSONValue($0 / 1000) } ?? value }
    }

    /// What the kernel said, where there was one.
    fileprivate var kernelMessages: JSONValue? { outcome?["evaluation"]?["messages"] }

    fileprivate func measured(_ name: String, _ read: (JSONValue) -> JSONValue) -> Result<JSONValue, Missing> {
        guard let value = outcome?[name], value != .null else { return .failure(whyNoOutcome) }
        return .success(read(value))
    }
}

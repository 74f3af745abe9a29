import FoundationEssentials
import JSON
import PostgreSQL

/// What a child's properties are told from: everything but its log and its elements' results, which are read only where
/// they are asked for.
struct ChildFacts {
    let child: ArrayChild
    let array: JobFacts
    /// The runner's record of it.
    let record: EvaluationRecord?

    private var job: Job { array.job }

    func value(_ property: JobProperty) -> Result<JSONValue, Missing> {
        let standing = child.standing(in: job.line)
        switch property {
        case .jobType: return .success("ArrayChild")
        case .jobFailed: return .success(.bool(standing.hasFailed))
        case .jobSucceeded: return .success(.bool(standing.hasSucceeded))
        case .jobInProgress: return .success(.bool(standing.isInProgress))
        case .jobStatus: return child.status.map { .success(.string($0)) } ?? .failure(child.missing(in: job.line))
        case .jobStatusReason: return child.reasonOrWhy(job).map { .string($0) }
        case .jobExitCode: return child.exitCodeOrWhy(job).map { JSONValue($0) }
        case .providerJobID: return child.providerIDOrWhy(job).map { .string($0) }
        case .jobLog: return .failure(child.whyNoLog(job))
        case .evaluationData, .evaluationTiming, .evaluationAbsoluteTiming, .evaluationMessagesText,
            .evaluationMessagesExpressions:
            return evaluation(property)
        case .childJobCount, .childJobExitCodes, .childJobStatusReasons, .childJobStatuses, .childJobObjects,
            .childJobEvaluationData, .childJobEvaluationTimings, .childJobEvaluationAbsoluteTimings:
            return .failure(Missing(cause: .notApplicable))
        default: return property.value(of: array)
        }
    }

    private func evaluation(_ property: JobProperty) -> Result<JSONValue, Missing> {
        guard let record else { return .failure(child.whyNoOutcome(in: job)) }
        let value: JSONValue? =
            switch property {
            case .evaluationTiming: record.seconds("cpuMilliseconds")
            case .evaluationAbsoluteTiming: record.seconds("elapsedMilliseconds")
            case .evaluationMessagesText: record.messages
            case .evaluationMessagesExpressions: job.language == "wolfram" ? record.messages : nil
            default: record.json([child.resultsLink(job)])
            }
        guard let value, value != .null else {
            return .failure(Missing(cause: property == .evaluationMessagesExpressions ? .notApplicable : .notProvided))
        }
        return .success(value)
    }
}

extension Connection {
    mutating func facts(of child: ArrayChild, in job: Job) throws -> ChildFacts {
        let text = try row(
            "SELECT outcome::text AS outcome FROM children WHERE job = \(job.id) AND k = \(child.k)"
        ) { try $0.textOptional("outcome") }.flatMap(\.self)
        let outcome = text.flatMap { try? JSONValue.parse(Array($0.utf8)) }
        return ChildFacts(child: child, array: try facts(of: job), record: outcome.map(EvaluationRecord.init))
    }

    /// A child's whole log, up to 1 MiB; longer ones have an address of their own.
    fileprivate mutating func log(of child: ArrayChild, in job: Job) throws -> Result<JSONValue, Missing> {
        guard let log = try logs(of: job.id, child: child.k).last else { return .failure(child.whyNoLog(job)) }
        guard log.bytes <= 1 << 20 else {
            return .failure(Missing(cause: .tooLarge, detail: "The log is read by /api/v1\(child.base(job))/log."))
        }
        let lines = try logLines(
            of: job.id, child: child.k, attempt: log.attempt, LogSpan(first: 1, count: log.lines))
        return .success(.string(lines.map { $0.text + "\n" }.joined()))
    }
}

extension JobProperty {
    /// Of one child of an array.
    func value(
        of child: ArrayChild, in job: Job, _ page: PropertyPage, _ scope: inout Scope
    ) throws -> Result<JSONValue, Missing> {
        switch self {
        case .jobLog: return try scope.database.log(of: child, in: job)
        case .evaluationResult, .evaluationResults:
            let end = child.firstElement + child.elements
            let first = min(child.firstElement + page.first, end)
            let items = try scope.database.results(of: job.line, elements: end, first: first, count: page.limit)
            let address = "\(child.base(job))/properties/\(rawValue)"
            return .success(page.answer(items.map(\.json), of: child.elements, at: address))
        default: return try scope.database.facts(of: child, in: job).value(self)
        }
    }

    /// Of an array or its child: as long as its elements are many.
    static let ofAllElements: Set<JobProperty> = [.evaluationResult, .evaluationResults]
}

extension ArrayChild {
    func whyNoOutcome(in job: Job) -> Missing {
        if !isTerminal { return missing(in: job.line) }
        if capture == "pending" { return Missing(cause: .notCaptured) }
        return Missing(cause: .notProvided, detail: "The runner left no record of this child.")
    }

    /// A child's result is its elements': where they are.
    func resultsLink(_ job: Job) -> JSONValue.Member {
        .init("results", .string("/api/v1\(base(job))/results"))
    }
}

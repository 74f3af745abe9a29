import FoundationEssentials
import JSON
import PostgreSQL

extension JobProperty {
    /// Of an array; nil where it is read as of a single job (jobs.md "Properties"). The long ones hold the first page
    /// and where the rest is.
    func value(ofArray job: Job, _ scope: inout Scope) throws -> Result<JSONValue, Missing>? {
        guard let counts = job.line.children else { return nil }
        switch self {
        case .jobType: return .success("Array")
        case .jobExitCode, .jobLog, .evaluationResult, .evaluationData, .evaluationTiming, .evaluationAbsoluteTiming,
            .evaluationMessagesText, .evaluationMessagesExpressions:
            return .failure(Missing(cause: .notApplicable, detail: "Each child of an array has its own."))
        case .childJobCount: return .success(JSONValue(counts.total))
        case .childJobExitCodes: return try children(job, &scope) { Self.json($0.exitCodeOrWhy(job)) { JSONValue($0) } }
        case .childJobStatusReasons: return try children(job, &scope) { Self.json($0.reasonOrWhy(job)) { .string($0) } }
        case .childJobStatuses:
            return try children(job, &scope) { child in
                child.status.map { .string($0) } ?? ["missing": child.missing(in: job.line).json]
            }
        case .childJobObjects:
            return try children(job, &scope) { child in
                [
                    "child": JSONValue(child.k), "providerJobID": JSONValue(child.providerJobID(job)),
                    "self": .string("/api/v1" + child.base(job)),
                ]
            }
        case .evaluationResults:
            let items = try scope.database.results(of: job.line, elements: job.elements, first: 0, count: Self.first)
            return .success([
                "items": .array(items.map(\.json)), "count": JSONValue(job.elements),
                "rest": .string("/api/v1/jobs/\(job.idText)/results"),
            ])
        case .childJobEvaluationData: return try outcomes(job, &scope) { $0 }
        case .childJobEvaluationTimings: return try outcomes(job, &scope) { Self.seconds($0["cpuMilliseconds"]) }
        case .childJobEvaluationAbsoluteTimings:
            return try outcomes(job, &scope) { Self.seconds($0["elapsedMilliseconds"]) }
        default: return nil
        }
    }

    /// As many children as a property answers at once.
    private static let first = 200

    private func children(
        _ job: Job, _ scope: inout Scope, _ read: (ArrayChild) -> JSONValue
    ) throws -> Result<JSONValue, Missing> {
        let answers = try scope.database.pipeline(
            [ChildFilter(limit: Self.first).query(job.id)], readingOf: job.id)
        let page = try ChildPageOfList(answers[0], limit: Self.first, failedFirst: false)
        return .success([
            "items": .array(page.children.map(read)), "count": JSONValue(job.line.children?.total ?? 0),
            "rest": .string("/api/v1/jobs/\(job.idText)/children"),
        ])
    }

    private func outcomes(
        _ job: Job, _ scope: inout Scope, _ read: (JSONValue) -> JSONValue?
    ) throws -> Result<JSONValue, Missing> {
        let query: SQL = """
            SELECT \(fragment: ArrayChild.columns), c.outcome::text AS outcome FROM children c
            WHERE c.job = \(job.id) ORDER BY c.k LIMIT \(Self.first)
            """
        let found = try scope.database.pipeline([query], readingOf: job.id)[0].rows {
            (try ArrayChild($0), try $0.textOptional("outcome"))
        }
        let items = found.map { child, outcome -> JSONValue in
            let value = outcome.flatMap { try? JSONValue.parse(Array($0.utf8)) }.flatMap(read)
            return value ?? ["missing": child.whyNoOutcome(in: job).json]
        }
        return .success([
            "items": .array(items), "count": JSONValue(job.line.children?.total ?? 0),
            "rest": .string("/api/v1/jobs/\(job.idText)/children"),
        ])
    }

    fileprivate static func seconds(_ milliseconds: JSONValue?) -> JSONValue? {
        milliseconds?.double.map { JSONValue($0 / 1000) }
    }

    private static func json<T>(_ result: Result<T, Missing>, _ wrap: (T) -> JSONValue) -> JSONValue {
        switch result {
        case .success(let value): wrap(value)
        case .failure(let missing): ["missing": missing.json]
        }
    }
}

extension ArrayChild {
    func whyNoOutcome(in job: Job) -> Missing {
        if !isTerminal { return missing(in: job.line) }
        return Missing(
            cause: capture == "pending" ? .notCaptured : .notProvided,
            detail: "The runner left no record of this child.")
    }
}

extension JobProperty {
    /// Of one child of an array.
    func value(of child: ArrayChild, in job: Job, _ scope: inout Scope) throws -> Result<JSONValue, Missing> {
        switch self {
        case .jobType: return .success("ArrayChild")
        case .jobFailed: return .success(.bool(child.status == "Failed"))
        case .jobSucceeded: return .success(.bool(child.status == "Succeeded"))
        case .jobInProgress: return .success(.bool(!child.isTerminal && !child.isLost))
        case .jobStatus: return child.status.map { .success(.string($0)) } ?? .failure(child.missing(in: job.line))
        case .jobStatusReason: return child.reasonOrWhy(job).map { .string($0) }
        case .jobExitCode: return child.exitCodeOrWhy(job).map { JSONValue($0) }
        case .providerJobID:
            return child.providerJobID(job).map { .success(.string($0)) } ?? .failure(child.missing(in: job.line))
        case .jobLog: return try log(child, job, &scope.database)
        case .evaluationResult, .evaluationResults:
            let items = try scope.database.results(
                of: job.line, elements: job.elements, first: child.firstElement, count: min(child.elements, Self.first))
            return .success([
                "items": .array(items.map(\.json)), "count": JSONValue(child.elements),
                "rest": .string("/api/v1\(child.base(job))/results"),
            ])
        case .evaluationData, .evaluationTiming, .evaluationAbsoluteTiming, .evaluationMessagesText,
            .evaluationMessagesExpressions:
            return try evaluation(child, job, &scope.database)
        case .childJobCount, .childJobExitCodes, .childJobStatusReasons, .childJobStatuses, .childJobObjects,
            .childJobEvaluationData, .childJobEvaluationTimings, .childJobEvaluationAbsoluteTimings:
            return .failure(Missing(cause: .notApplicable))
        default: return try value(ofArray: job, &scope) ?? value(of: try scope.database.facts(of: job))
        }
    }

    private func evaluation(
        _ child: ArrayChild, _ job: Job, _ database: inout Connection
    ) throws -> Result<JSONValue, Missing> {
        let text = try database.row(
            "SELECT outcome::text AS outcome FROM children WHERE job = \(job.id) AND k = \(child.k)"
        ) { try $0.textOptional("outcome") }.flatMap(\.self)
        guard let outcome = text.flatMap({ try? JSONValue.parse(Array($0.utf8)) }) else {
            return .failure(child.whyNoOutcome(in: job))
        }
        let value: JSONValue? =
            switch self {
            case .evaluationTiming: Self.seconds(outcome["cpuMilliseconds"])
            case .evaluationAbsoluteTiming: Self.seconds(outcome["elapsedMilliseconds"])
            case .evaluationMessagesText: outcome["evaluation"]?["messages"] ?? outcome["messages"]
            case .evaluationMessagesExpressions: job.language == "wolfram" ? outcome["evaluation"]?["messages"] : nil
            default: .object(outcome.members?.filter { $0.name != "outputs" } ?? [])
            }
        guard let value, value != .null else {
            return .failure(Missing(cause: self == .evaluationMessagesExpressions ? .notApplicable : .notProvided))
        }
        return .success(value)
    }

    private func log(
        _ child: ArrayChild, _ job: Job, _ database: inout Connection
    ) throws -> Result<JSONValue, Missing> {
        guard let log = try database.logs(of: job.id, child: child.k).last else { return .failure(child.whyNoLog(job)) }
        let lines = try database.logLines(of: job.id, child: child.k, attempt: log.attempt, first: 1, count: 10_000)
        let text = lines.map { $0.text + "\n" }.joined()
        guard log.lines <= 10_000, text.utf8.count <= 1 << 20 else {
            return .failure(Missing(cause: .tooLarge, detail: "The log is read by /api/v1\(child.base(job))/log."))
        }
        return .success(.string(text))
    }
}

import FoundationEssentials
import JSON
import PostgreSQL

extension JobProperty {
    /// Of an array; nil where it is read as of a single job (jobs.md "Properties"). The long ones come in pages.
    func value(
        ofArray job: Job, _ page: PropertyPage, _ scope: inout Scope
    ) throws -> Result<JSONValue, Missing>? {
        guard job.line.children != nil else { return nil }
        switch self {
        case .childJobExitCodes:
            return try children(job, page, &scope) { Self.json($0.exitCodeOrWhy(job)) { JSONValue($0) } }
        case .childJobStatusReasons:
            return try children(job, page, &scope) { Self.json($0.reasonOrWhy(job)) { .string($0) } }
        case .childJobStatuses:
            return try children(job, page, &scope) { child in
                child.status.map { .string($0) } ?? ["missing": child.missing(in: job.line).json]
            }
        case .childJobObjects:
            return try children(job, page, &scope) { child in
                [
                    "child": JSONValue(child.k), "providerJobID": JSONValue(child.providerJobID(job)),
                    "self": .string("/api/v1" + child.base(job)),
                ]
            }
        case .evaluationResults:
            let items = try scope.database.results(
                of: job.line, elements: job.elements, first: page.first, count: page.limit)
            return .success(page.answer(items.map(\.json), of: job.elements, at: address(job)))
        case .childJobEvaluationData:
            return try outcomes(job, page, &scope) { record, child in record.json([child.resultsLink(job)]) }
        case .childJobEvaluationTimings:
            return try outcomes(job, page, &scope) { record, _ in record.seconds("cpuMilliseconds") }
        case .childJobEvaluationAbsoluteTimings:
            return try outcomes(job, page, &scope) { record, _ in record.seconds("elapsedMilliseconds") }
        default: return nil
        }
    }

    private func address(_ job: Job) -> String { "/jobs/\(job.idText)/properties/\(rawValue)" }

    private func children(
        _ job: Job, _ page: PropertyPage, _ scope: inout Scope, _ read: (ArrayChild) -> JSONValue
    ) throws -> Result<JSONValue, Missing> {
        let filter = ChildFilter(cursor: ChildCursor(rank: 0, k: page.first - 1), limit: page.limit)
        let answers = try scope.database.pipeline([filter.query(job.id)], readingOf: job.id)
        let found = try ChildPageOfList(answers[0], limit: page.limit, failedFirst: false).children
        return .success(page.answer(found.map(read), of: job.line.children?.total ?? 0, at: address(job)))
    }

    private func outcomes(
        _ job: Job, _ page: PropertyPage, _ scope: inout Scope, _ read: (EvaluationRecord, ArrayChild) -> JSONValue?
    ) throws -> Result<JSONValue, Missing> {
        let query: SQL = """
            SELECT \(fragment: ArrayChild.columns), c.outcome::text AS outcome FROM children c
            WHERE c.job = \(job.id) AND c.k >= \(page.first) ORDER BY c.k LIMIT \(page.limit)
            """
        let found = try scope.database.pipeline([query], readingOf: job.id)[0].rows {
            (try ArrayChild($0), try $0.textOptional("outcome"))
        }
        let items = found.map { child, outcome -> JSONValue in
            let record = outcome.flatMap { try? JSONValue.parse(Array($0.utf8)) }.map(EvaluationRecord.init)
            return record.flatMap { read($0, child) } ?? ["missing": child.whyNoOutcome(in: job).json]
        }
        return .success(page.answer(items, of: job.line.children?.total ?? 0, at: address(job)))
    }

    private static func json<T>(_ result: Result<T, Missing>, _ wrap: (T) -> JSONValue) -> JSONValue {
        switch result {
        case .success(let value): wrap(value)
        case .failure(let missing): ["missing": missing.json]
        }
    }
}

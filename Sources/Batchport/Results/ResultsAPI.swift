import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// An array's results over JSON: in the list's order, one entry per element, whatever became of it.
enum ResultsAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs/*/results", .token(.jobsRead), list),
        .get("/api/v1/jobs/*/children/*/results", .token(.jobsRead), ofChild),
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard job.line.children != nil else {
            return .json([
                "missing": Missing(cause: .notApplicable, detail: "Only an array has a list of results.").json
            ])
        }
        if try call.request.header("accept")?.contains("application/x-ndjson") == true {
            guard let url = try Links.results(job.id, &scope)["url"]?.string else { throw Failure.unexpected }
            return .away(to: url)
        }
        return try page(call, job, 0..<job.elements, &scope)
    }

    private static func ofChild(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        return try page(call, job, child.firstElement..<child.firstElement + child.elements, &scope)
    }

    private static func page(
        _ call: Call, _ job: Job, _ range: Range<Int>, _ scope: inout Scope
    ) throws -> Response {
        let query = call.request.query
        try Parameters.only(["limit", "cursor"], in: query)
        let limit = try Numbers.one("limit", in: query, 1...200) ?? 50
        var first = range.lowerBound
        if let text = try query.one("cursor") {
            guard let n = Int(text), range.contains(n), String(n) == text else { throw Failure.badCursor }
            first = n
        }
        if !job.isSettled {
            try scope.database.enqueue(ResultsTask.kind.name, ["job": .string(job.idText)], for: job.id)
        }
        let items = try scope.database.results(
            of: job.line, elements: range.upperBound, first: first, count: limit)
        let next = items.last.map { $0.index + 1 }.flatMap { range.contains($0) ? String($0) : nil }
        return .json([
            "items": .array(items.map(\.json)), "count": JSONValue(range.count), "nextCursor": JSONValue(next),
        ])
    }
}

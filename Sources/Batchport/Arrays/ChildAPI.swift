import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// An array's children over JSON: in pages by status, one, and its end.
enum ChildAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs/*/children", .token(.jobsRead), list),
        .get("/api/v1/jobs/*/children/*", .token(.jobsRead), one),
        .get("/api/v1/jobs/*/children/*/properties/*", .token(.jobsRead), property),
        .json("POST", "/api/v1/jobs/*/children/*/abort", .token(.jobsAbort), abort),
    ]

    private static func list(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        try Parameters.only(["status", "limit", "cursor"], in: query)
        var filter = ChildFilter()
        filter.statuses = try statuses(query)
        filter.limit = try Numbers.one("limit", in: query, 1...200) ?? 50
        if let text = try query.one("cursor") {
            guard let cursor = ChildCursor(text) else { throw Failure.badCursor }
            filter.cursor = cursor
        }
        let job = try scope.database.seen(call)
        guard let counts = job.line.children else {
            return .json(["missing": Missing(cause: .notApplicable, detail: "Only an array has children.").json])
        }
        try scope.look(at: job)
        let answers = try scope.database.pipeline(
            [filter.query(job.id), ChildFailures.query(job.id)], readingOf: job.id)
        let page = try ChildPageOfList(answers[0], limit: filter.limit, failedFirst: false)
        return .json([
            "items": .array(page.children.map { $0.json(job) }), "nextCursor": JSONValue(page.next?.text),
            "childJobCount": JSONValue(counts.total), "failures": try ChildFailures(answers[1]).json,
        ])
    }

    private static func statuses(_ query: Query) throws -> [String] {
        let words = try query.one("status")?.split(separator: ",").map(String.init) ?? []
        let unknown = words.filter { !ChildCounts.words.contains($0) }
        guard unknown.isEmpty else {
            throw Failure.unreadable(
                "Some parameters cannot be read.",
                [
                    .init(
                        "/status", "malformed",
                        "There is no status named \u{201C}\(unknown[0].prefix(64))\u{201D}; known are \(ChildCounts.words.joined(separator: ", "))."
                    )
                ])
        }
        return words
    }

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        return try answer(job, child, &scope)
    }

    static func answer(_ job: Job, _ child: ArrayChild, _ scope: inout Scope) throws -> Response {
        try scope.look(at: job)
        let details = try scope.database.details(of: job.id, child: child.k)
        return .json(
            .object(
                child.members(job) + [
                    .init("statusHistory", .array(details.history.map(\.json))),
                    .init("attempts", .array(details.attempts.map(\.json))),
                ]))
    }

    private static func property(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        let name = call.parameters[2]
        guard let property = JobProperty(rawValue: name) else { throw Failure.notFound }
        let query = call.request.query
        if !JobProperty.ofAllElements.contains(property) { try Parameters.only([], in: query) }
        switch try property.value(of: child, in: job, PropertyPage(query), &scope) {
        case .success(let value): return .json(["name": .string(name), "value": value])
        case .failure(let missing): return .json(["name": .string(name), "missing": missing.json])
        }
    }

    private static func abort(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        var reason = ""
        if body != .null {
            var reader = ObjectReader(body)
            reason = reader.string("reason") ?? ""
            try reader.done()
        }
        let (job, child) = try scope.database.seenChild(call)
        try ChildAbort.request(child, of: job, reason: reason, &scope)
        guard let now = try scope.database.child(child.k, of: job.id) else { throw Failure.notFound }
        return .json(now.json(job), status: 202)
    }
}

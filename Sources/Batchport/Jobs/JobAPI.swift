import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// Jobs over JSON: one, its properties, its abort, and what would submit it again.
enum JobAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs/*", .token(.jobsRead), one),
        .get("/api/v1/jobs/*/properties/*", .token(.jobsRead), property),
        .get("/api/v1/jobs/*/submission", .token(.jobsRead), submission),
        .json("POST", "/api/v1/jobs/*/abort", .token(.jobsAbort), abort),
        .json("POST", "/api/v1/aborts", .token(.jobsAbort), abortMany).costly,
    ]

    private static func one(_ call: Call, _ scope: inout Scope) throws -> Response {
        if let (job, child) = try scope.database.childByProvidersID(call) {
            return try ChildAPI.answer(job, child, &scope)
        }
        let job = try scope.database.seen(call)
        try scope.look(at: job)
        let tag = "\"\(job.idText.prefix(8))-\(job.change)\""
        var response =
            try ETag.matches(tag, call.request)
            ? Response(status: 304) : .json(job.json(try scope.database.details(of: job.id)))
        response.headers.set("ETag", tag)
        if !job.isSettled { response.headers.set("Retry-After", String(retryAfter(job, now: scope.site.now()))) }
        if let at = job.checkedAt { response.headers.set("Batchport-Checked-At", Instant(at).rfc3339()) }
        return response
    }

    /// Seconds: soon after a change, the longer nothing happens the more seldom.
    private static func retryAfter(_ job: Job, now: Int64) -> Int {
        let since = max(job.phaseSince, job.statusSince ?? 0)
        return switch now - since {
        case ..<30_000: 1
        case ..<600_000: 5
        default: 30
        }
    }

    private static func property(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        let name = call.parameters[1]
        guard let property = JobProperty(rawValue: name) else { throw Failure.notFound }
        let query = call.request.query
        let isLong = job.line.children != nil && JobProperty.ofAllChildren.contains(property)
        if !isLong { try Parameters.only([], in: query) }
        let found: Result<JSONValue, Missing>
        if isLong, let ofArray = try property.value(ofArray: job, PropertyPage(query), &scope) {
            found = ofArray
        } else if property == .jobLog, job.line.children == nil {
            found = try scope.database.logProperty(of: job)
        } else {
            found = property.value(of: try scope.database.facts(of: job))
        }
        switch found {
        case .success(let value): return .json(["name": .string(name), "value": value])
        case .failure(let missing): return .json(["name": .string(name), "missing": missing.json])
        }
    }

    private static func submission(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        try Parameters.only(["only"], in: query)
        let only = try query.one("only")
        guard only == nil || only == "missing" else {
            throw Failure.unreadable(
                "Some parameters cannot be read.", [.init("/only", "malformed", "There is only=missing, or none.")])
        }
        let job = try scope.database.seen(call)
        return .json(
            job.submission(inputs: try scope.database.inputsAgain(of: job.id), onlyMissing: only == "missing"))
    }

    private static func reason(_ body: JSONValue) throws -> String {
        if body == .null { return "" }
        var reader = ObjectReader(body)
        let reason = reader.string("reason") ?? ""
        try reader.done()
        return reason
    }

    private static func abort(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let reason = try reason(body)
        let job = try scope.database.seen(call)
        try Abort.request(job, reason: reason, &scope)
        guard let now = try scope.database.job(job.id) else { throw Failure.notFound }
        return .json(now.json(try scope.database.details(of: job.id)), status: 202)
    }

    private static func abortMany(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        var reader = ObjectReader(body)
        let ids = reader.strings("jobs") ?? []
        let reason = reader.string("reason") ?? ""
        try reader.done()
        try Abort.checkCount(ids)
        let lines = try scope.database.lines(eitherIDs: ids)
        var outcomes = try Abort.request(lines.compactMap(\.self), reason: reason, &scope)[...]
        let items = zip(ids, lines).map { id, line -> JSONValue in
            let outcome = line == nil ? .notFound : outcomes.popFirst() ?? .notFound
            return [
                "job": .string(id), "jobUUID": JSONValue(line?.id.lower), "outcome": .string(outcome.rawValue),
                "detail": .string(outcome.sentence),
                "status": outcome == .notFound ? 404 : outcome == .notAllowed ? 403 : 202,
            ]
        }
        return .json(["items": .array(items)], status: 202)
    }
}

/// Whether the asker has the very thing already.
enum ETag {
    static func matches(_ tag: String, _ request: Request) throws -> Bool {
        guard let line = try request.header("if-none-match") else { return false }
        return line == "*"
            || line.split(separator: ",").contains { part in
                let bare = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                return String(bare) == tag || String(bare) == "W/" + tag
            }
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

enum LogAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs/*/log", .token(.jobsRead), show),
        .get("/api/v1/jobs/*/children/*/log", .token(.jobsRead), show),
    ]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let place = try LogPlaceOnSite(call, &scope)
        let (job, child) = (place.job, place.child)
        try scope.look(at: place)
        let query = call.request.query
        let logs = try scope.database.logs(of: job.id, child: child)
        let wanted = try Numbers.one("attempt", in: query, 1...1000)
        guard let log = logs.first(where: { $0.attempt == wanted }) ?? (wanted == nil ? logs.last : nil) else {
            let why = try wanted.flatMap { try scope.database.whyNoAttempt($0, of: job.id, child: child) }
            return .json(["missing": (why ?? place.why).json])
        }
        if try call.request.header("accept")?.hasPrefix("text/plain") == true {
            return try RawLog.response(place, log, &scope)
        }
        let span = try LogSpan(query, of: log)
        let tag = "\"\(log.attempt)-\(log.lines)-\(log.isComplete)\""
        if try ETag.matches(tag, call.request) {
            return Response(status: 304, headers: Headers([("ETag", tag)]))
        }
        let lines = try scope.database.logLines(of: job.id, child: child, attempt: log.attempt, span)
        var answer: [JSONValue.Member] = [
            .init("attempt", JSONValue(log.attempt)), .init("total", JSONValue(log.lines)),
            .init("complete", .bool(log.isComplete)), .init("nextAfter", JSONValue(lines.last?.n ?? span.first - 1)),
            .init("lines", .array(lines.map(\.json))),
        ]
        if let text = try query.one("q") {
            let hits = try scope.database.logHits(
                of: job.id, child: child, attempt: log.attempt, for: text, limit: 1000)
            answer.append(
                .init("matches", ["total": JSONValue(hits.total), "lines": .array(hits.lines.map { JSONValue($0) })]))
        }
        var response = Response.json(.object(answer))
        response.headers.set("ETag", tag)
        return response
    }

}

extension Connection {
    /// Nil where there was such an attempt, or none at all yet.
    fileprivate mutating func whyNoAttempt(_ n: Int, of job: UUID, child: Int) throws -> Missing? {
        let made =
            try row("SELECT coalesce(max(n), 0) FROM attempts WHERE job = \(job) AND child = \(child)") {
                try $0.int(0)
            } ?? 0
        guard made > 0, n > made else { return nil }
        let count = made == 1 ? "1 attempt" : "\(made) attempts"
        return Missing(cause: .notApplicable, detail: "There is no attempt \(n): it has had \(count).")
    }
}

extension LogLine {
    var json: JSONValue {
        ["n": JSONValue(n), "at": .string(Instant(at).rfc3339(withMilliseconds: true)), "text": .string(text)]
    }
}

/// Numbers in a query: well-formed and within bounds, or 400.
enum Numbers {
    static func one(_ name: String, in query: Query, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = try query.one(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let detail = "The parameter \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)."
            throw Failure.unreadable(detail, [.init("/" + name, "outOfRange", detail, limit: range.upperBound)])
        }
        return number
    }
}

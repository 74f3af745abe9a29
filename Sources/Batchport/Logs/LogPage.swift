import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

enum LogPage {
    static let routes: [Route] = [
        .get("/jobs/*/log", .signedIn, show),
        .get("/jobs/*/log/raw", .signedIn, raw),
        .get("/jobs/*/children/*/log", .signedIn, show),
        .get("/jobs/*/children/*/log/raw", .signedIn, raw),
    ]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let place = try LogPlaceOnSite(call, &scope)
        let job = place.job
        try scope.look(at: place)
        let query = call.request.query
        let logs = try scope.database.logs(of: job.id, child: place.child)
        let wanted = try query.one("attempt").flatMap(Int.init)
        let log = logs.first { $0.attempt == wanted } ?? logs.last
        let here = try query.one("line").flatMap(Int.init)
        var screen = LogScreen(
            job: job, child: place.child, state: place.state, why: place.why, logs: logs, log: log, here: here,
            search: try query.one("q") ?? "", assets: scope.site.assets,
            refreshing: try Refreshing(call.request), now: scope.site.now())
        if let log {
            if !screen.search.isEmpty {
                screen.hits = try scope.database.logHits(
                    of: job.id, child: place.child, attempt: log.attempt, for: screen.search, limit: 1000)
            }
            let before = try query.one("before").flatMap(Int.init)
            let after = try query.one("after").flatMap(Int.init)
            let line = here ?? screen.hits?.lines.first
            for span in LogSpan.onPage(of: log, here: line, after: after, before: before) {
                screen.lines += try scope.database.logLines(
                    of: job.id, child: place.child, attempt: log.attempt, span)
            }
        }
        return Page(
            title: "\(place.state.word) – Log of \(place.title)", state: place.state.style, content: screen.content,
            section: "Jobs", refresh: screen.refreshing.seconds
        ).response(in: scope)
    }

    private static func raw(_ call: Call, _ scope: inout Scope) throws -> Response {
        let place = try LogPlaceOnSite(call, &scope)
        let logs = try scope.database.logs(of: place.job.id, child: place.child)
        let wanted = try call.request.query.one("attempt").flatMap(Int.init)
        guard let log = logs.first(where: { $0.attempt == wanted }) ?? logs.last else { throw Failure.notFound }
        return try RawLog.response(place, log, &scope)
    }
}

/// Whose log an address names: a job's, or that of one of an array's children.
struct LogPlaceOnSite {
    let job: Job
    let child: Int
    /// Of a child only.
    let ofChild: ArrayChild?
    /// Why there is none, where there is none.
    let why: Missing

    init(_ call: Call, _ scope: inout Scope) throws {
        if call.parameters.count > 1 {
            let (job, child) = try scope.database.seenChild(call)
            (self.job, self.child, ofChild, why) = (job, child.k, child, child.whyNoLog(job))
        } else {
            let job = try scope.database.seen(call)
            let isArray = job.line.children != nil
            (self.job, child, ofChild) = (job, ArrayChild.none, nil)
            why =
                isArray
                ? Missing(cause: .notApplicable, detail: "Each child of an array has its own log.") : job.whyNoLog
        }
    }

    var state: JobState { ofChild?.state(in: job.line) ?? job.state }

    static func base(_ job: Job, _ child: Int) -> String {
        "/jobs/\(job.idText)" + (child == ArrayChild.none ? "" : "/children/\(child)")
    }

    var title: String { child == ArrayChild.none ? job.name : "child \(child) of \(job.name)" }

    func name(_ log: JobLog) -> String {
        job.idText + (child == ArrayChild.none ? "" : "-child-\(child)") + "-\(log.attempt).log"
    }
}

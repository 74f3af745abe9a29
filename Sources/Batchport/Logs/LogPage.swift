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

    private static let pageLines = 500

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
            screen.first = Self.first(of: log, here: here ?? screen.hits?.lines.first, before: before)
            screen.lines = try scope.database.logLines(
                of: job.id, child: place.child, attempt: log.attempt, first: screen.first, count: pageLines)
        }
        return Page(
            title: "\(place.state.word) – Log of \(place.title)", state: place.state.style, content: screen.content,
            section: "Jobs", refresh: screen.refreshing.seconds
        ).response(in: scope)
    }

    /// The page's first line: around the one asked for, before a given one, or the end.
    private static func first(of log: JobLog, here: Int?, before: Int?) -> Int {
        if let here { return max(1, min(here, log.lines) - 50) }
        if let before { return max(1, before - pageLines) }
        return max(1, log.lines - pageLines + 1)
    }

    private static func raw(_ call: Call, _ scope: inout Scope) throws -> Response {
        let place = try LogPlaceOnSite(call, &scope)
        let logs = try scope.database.logs(of: place.job.id, child: place.child)
        let wanted = try call.request.query.one("attempt").flatMap(Int.init)
        guard let log = logs.first(where: { $0.attempt == wanted }) ?? logs.last else { throw Failure.notFound }
        return try RawLog.response(place, log, &scope)
    }
}

/// A whole log as text, to keep and to print. What it holds for a terminal is in the JSON answer only.
enum RawLog {
    static func response(_ place: LogPlaceOnSite, _ log: JobLog, _ scope: inout Scope) throws -> Response {
        var bytes: [UInt8] = []
        for first in stride(from: 1, through: max(1, log.lines), by: 10_000) {
            let lines = try scope.database.logLines(
                of: place.job.id, child: place.child, attempt: log.attempt, first: first, count: 10_000)
            for line in lines {
                bytes += Array(TerminalText.of(line.text).utf8) + [0x0A]
            }
        }
        var response = Response(status: 200, body: .bytes(bytes))
        response.headers.set("Content-Type", "text/plain; charset=utf-8")
        response.headers.set("Content-Disposition", attachment(named: place.name(log)))
        response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox")
        return response
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

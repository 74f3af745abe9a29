import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

enum JobListPage {
    static let routes: [Route] = [.get("/jobs", .signedIn, show)]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let query = call.request.query
        let search = JobSearch(try query.one("q") ?? "")
        var filter = search.filter
        filter.cursor = try query.one("cursor").flatMap(JobFilter.Cursor.init)
        let identity = try scope.identity()
        let page = try scope.database.jobs(filter, for: identity)
        let view = JobListView(
            page: page, search: search, fresh: try scope.database.freshness(), showsOwner: identity.isAdmin,
            path: call.request.target, assets: scope.site.assets, now: scope.site.now())
        return Page(
            title: view.title, state: view.topState, content: view.content, section: "Jobs",
            refresh: try Refreshing.seconds(query)
        ).response(in: scope)
    }
}

/// A page that reloads itself, only where the reader asked for it.
enum Refreshing {
    static func seconds(_ query: Query) throws -> Int? {
        try query.one("refresh").flatMap(Int.init).flatMap { (5...300).contains($0) ? $0 : nil }
    }

    /// When the page was made, and the link that starts or stops the reloading.
    static func line(path: String, on: Bool, now: Int64) -> HTML {
        let bare = path.split(separator: "?", maxSplits: 1).first.map(String.init) ?? path
        let made = Instant(now).element(Instant(now).clock)
        return on
            ? "<span data-live>As of \(made) UTC, again every 15 s; <a href=\"\(bare)\">stop</a></span>"
            : "<span data-live>As of \(made) UTC; <a href=\"\(bare)?refresh=15\">refresh every 15 s</a></span>"
    }
}

extension Connection {
    /// The oldest of AWS's words among the accounts with unsettled jobs of the asker; nil where there is none.
    mutating func freshness() throws -> Int64? {
        try row(
            """
            SELECT min(s.checked_at) AS oldest FROM sweeps s WHERE EXISTS (
                SELECT FROM jobs j WHERE j.account = s.account AND j.region = s.region AND j.settled_at IS NULL)
            """
        ) { try $0.millisecondsOptional("oldest") }.flatMap(\.self)
    }
}

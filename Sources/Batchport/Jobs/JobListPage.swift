import HTML
import HTTP
import PostgreSQL

enum JobListPage {
    static let routes: [Route] = [
        .get("/jobs", .signedIn, asking: { call in [try request(call).filter.query] }, show)
    ]

    private static func request(_ call: Call) throws -> (search: JobSearch, filter: JobFilter) {
        let query = call.request.query
        let search = JobSearch(try query.one("q") ?? "")
        var filter = search.filter
        if let text = try query.one("cursor") {
            guard let cursor = JobFilter.Cursor(text) else {
                throw Failure.unreadable("The address holds no place in the list that could be read.")
            }
            filter.cursor = cursor
        }
        return (search, filter)
    }

    private static func show(_ call: Call, _ answers: [QueryResult], _ scope: inout Scope) throws -> Response {
        let (search, filter) = try request(call)
        let view = JobListView(
            page: try JobPageOfList(answers.first, limit: filter.limit), search: search,
            isFirst: filter.cursor == nil, showsOwner: try scope.identity().isAdmin,
            refreshing: try Refreshing(call.request), assets: scope.site.assets, now: scope.site.now())
        return Page(
            title: view.title, state: view.topState, content: view.content, section: "Jobs",
            refresh: view.refreshing.seconds
        ).response(in: scope)
    }
}

import HTML
import HTTP
import PostgreSQL

enum JobListPage {
    static let routes: [Route] = [
        .get("/jobs", .signedIn, asking: statements, show)
    ]

    private static func request(_ call: Call) throws -> JobListRequest {
        try JobListRequest(call.request.query, allowing: ["refresh"])
    }

    /// What cannot be read shows nothing rather than everything.
    private static func statements(_ call: Call) throws -> [SQL] {
        let request = try request(call)
        return request.problems.isEmpty ? [request.filter.query] : []
    }

    private static func show(_ call: Call, _ answers: [QueryResult], _ scope: inout Scope) throws -> Response {
        let request = try request(call)
        let page = try JobPageOfList(answers.first, limit: request.filter.limit)
        if request.search.isOneID, request.others.isEmpty, let job = page.lines.first {
            return .redirect(to: "/jobs/" + job.id.lower)
        }
        let identity = try scope.identity()
        let view = JobListView(
            page: page, request: request, showsOwner: identity.isAdmin || page.lines.contains { $0.ownerName != nil },
            formToken: identity.formToken,
            refreshing: try Refreshing(call.request), assets: scope.site.assets, now: scope.site.now())
        return Page(
            title: view.title, state: view.topState, content: view.content,
            status: request.problems.isEmpty ? 200 : 400, section: "Jobs", refresh: view.refreshing.seconds
        ).response(in: scope)
    }
}

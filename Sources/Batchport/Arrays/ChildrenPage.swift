import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// The children of an array: how they stand, why some failed, and each of them.
enum ChildrenPage {
    static let routes: [Route] = [.get("/jobs/*/children", .signedIn, show)]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard let counts = job.line.children else { throw Failure.notFound }
        try scope.look(at: job)
        let query = call.request.query
        var filter = ChildFilter(failedFirst: true)
        filter.statuses = try query.one("status").map { [$0] }?.filter { ChildCounts.words.contains($0) } ?? []
        if let text = try query.one("cursor") {
            guard let cursor = ChildCursor(text) else {
                throw Failure.unreadable("The address holds no place in the list that could be read.")
            }
            filter.cursor = cursor
        }
        let answers = try scope.database.pipeline(
            [filter.query(job.id)] + ChildrenMap.queries(job.id), readingOf: job.id)
        let view = ChildrenView(
            job: job, counts: counts, filter: filter,
            page: try ChildPageOfList(answers[0], limit: filter.limit, failedFirst: true),
            map: try ChildrenMap(answers[1...]), refreshing: try Refreshing(call.request), assets: scope.site.assets,
            now: scope.site.now())
        return Page(
            title: "\(job.state.word) – Children of \(job.name)", state: job.state.style, content: view.content,
            section: "Jobs", refresh: job.isSettled ? nil : view.refreshing.seconds
        ).response(in: scope)
    }
}

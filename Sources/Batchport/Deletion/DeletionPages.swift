import HTML
import HTTP
import JSON

/// A job's deletion, by a form that asks first and by the API.
enum DeletionPages {
    static let routes: [Route] = [
        .get("/jobs/*/delete", .signedIn, confirm),
        .post("/jobs/*/delete", .signedIn, send),
        .json("DELETE", "/api/v1/jobs/*", .token(.jobsDelete), delete),
    ]

    private static func delete(_ call: Call, _ body: JSONValue, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        try Deletion.request(job, &scope)
        guard let now = try scope.database.job(job.id) else { throw Failure.notFound }
        return .json(now.json(try scope.database.details(of: job.id)), status: 202)
    }

    private static func send(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        try Deletion.request(job, &scope)
        return .redirect(to: "/jobs")
    }

    private static func confirm(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        let assets = scope.site.assets
        let form: HTML =
            job.isSettled
            ? """
            <p>Its log, result and outputs are removed here and in the bucket <code>\(job.bucket)</code>, input files as far \
            as no other job uses them. This cannot be undone; that it was deleted stays in the audit trail.</p>
            <form class="flow" method="post" action="/jobs/\(job.idText)/delete">
            \(FormToken.input(try scope.identity().formToken))
            <div class="acts"><button class="btn danger">\(assets.icon("trash"))Delete job</button>
            <a class="btn" href="/jobs/\(job.idText)">Keep it</a></div></form>
            """
            : """
            <p>It is not settled yet, so it cannot be deleted: <a href="/jobs/\(job.idText)/abort">abort it</a> first, and \
            wait for its end.</p>
            """
        let content: HTML = """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li></ol>
            <div class="sheet flow"><h1>Delete this job?</h1>
            <p>\(job.state.badge(assets)) <b>\(job.name)</b></p>
            \(form)</div>
            """
        return Page(
            title: "Delete – \(job.name)", state: job.state.style, content: content, isNarrow: true, section: "Jobs"
        ).response(in: scope)
    }
}

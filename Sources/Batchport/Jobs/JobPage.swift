import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

enum JobPage {
    static let routes: [Route] = [
        .get("/jobs/*", .signedIn, show),
        .get("/jobs/*/abort", .signedIn, confirm),
        .post("/jobs/*/abort", .signedIn, abort),
    ]

    private static let outputsShown = 50

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        if let (job, child) = try scope.database.childByProvidersID(call) { return .redirect(to: child.base(job)) }
        let job = try scope.database.seen(call)
        try scope.look(at: job)
        let found = try scope.database.outputs(of: job.id, limit: outputsShown + 1)
        let outputs = Array(found.prefix(outputsShown))
        let view = JobView(
            job: job, details: try scope.database.details(of: job.id),
            outputs: OutputsView(
                job: job, outputs: outputs, shown: OutputsView.first(outputs),
                ofChildren: try scope.database.childOutputs(of: job), assets: scope.site.assets),
            moreOutputs: found.count > outputsShown, result: try scope.database.result(of: job),
            log: try scope.database.logTail(of: job.id, lines: 12), mayAbort: job.mayBeStopped,
            array: try ArraySummary(job, scope.site.assets, &scope.database),
            refreshing: try Refreshing(call.request), assets: scope.site.assets, now: scope.site.now())
        var page = Page(
            title: "\(job.state.word) – \(job.name)", state: job.state.style, content: view.content, isNarrow: true,
            section: "Jobs", refresh: job.isSettled ? nil : view.refreshing.seconds)
        if view.outputs.showsImages {
            page.contentPolicy.imageOrigins = scope.site.bucketOrigins(job.bucket, region: job.region)
        }
        return page.response(in: scope)
    }

    /// Asks before it acts, on a page of its own, so that it does so without JavaScript too.
    private static func confirm(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard job.mayBeStopped else { throw Failure.notYoursToStop }
        return try ask(job, "", [], scope)
    }

    private static func abort(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        let reason = try form.one("reason") ?? ""
        do {
            try Abort.request(job, reason: reason, &scope)
        } catch let failure as Failure where failure.status == 422 {
            return try ask(job, reason, failure.problems, scope)
        }
        return .redirect(to: "/jobs/" + job.idText)
    }

    private static func ask(
        _ job: Job, _ reason: String, _ problems: [Failure.Problem], _ scope: borrowing Scope
    ) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let content: HTML = """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li></ol>
            <div class="sheet flow"><h1>Abort this job?</h1>
            <p>\(job.state.badge(scope.site.assets)) <b>\(job.name)</b></p>
            <p>AWS ends it, with your name in its reason. What it has written by then is kept; it cannot be resumed.</p>
            \(fields.summary("Nothing was asked for."))
            <form class="flow" method="post" action="/jobs/\(job.idText)/abort">
            \(FormToken.input(try scope.identity().formToken))
            \(fields.text("reason", "Reason", reason, hint: "Optional; shown with the job and in AWS"))
            <div class="acts"><button class="btn main">Abort job</button>
            <a class="btn" href="/jobs/\(job.idText)">Let it run</a></div></form></div>
            """
        return Page(
            title: "Abort – \(job.name)", state: job.state.style, content: content,
            status: problems.isEmpty ? 200 : 422,
            isNarrow: true, section: "Jobs"
        ).response(in: scope)
    }
}

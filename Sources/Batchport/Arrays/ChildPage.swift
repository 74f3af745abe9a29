import FoundationEssentials
import HTML
import HTTP
import PostgreSQL

/// One child of an array.
enum ChildPage {
    static let routes: [Route] = [
        .get("/jobs/*/children/*", .signedIn, show),
        .get("/jobs/*/children/*/abort", .signedIn, confirm),
        .post("/jobs/*/children/*/abort", .signedIn, abort),
    ]

    private static let resultsShown = 20
    private static let outputsShown = 50

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        try scope.look(at: job)
        try scope.look(at: child, of: job)
        let view = ChildView(
            facts: try scope.database.facts(of: child, in: job),
            details: try scope.database.details(of: job.id, child: child.k),
            outputs: try scope.database.outputs(of: job.id, child: child.k, limit: outputsShown),
            log: try scope.database.logTail(of: job.id, child: child.k, lines: 12),
            results: try scope.database.results(
                of: job.line, elements: job.elements, first: child.firstElement,
                count: min(child.elements, resultsShown)),
            refreshing: try Refreshing(call.request), assets: scope.site.assets, now: scope.site.now())
        return Page(
            title: "\(view.state.word) – Child \(child.k) of \(job.name)", state: view.state.style,
            content: view.content, isNarrow: true, section: "Jobs",
            refresh: job.isSettled ? nil : view.refreshing.seconds
        ).response(in: scope)
    }

    private static func confirm(_ call: Call, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        guard job.mayBeStopped else { throw Failure.notYoursToStop }
        return try ask(job, child, "", [], scope)
    }

    private static func abort(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let (job, child) = try scope.database.seenChild(call)
        let reason = try form.one("reason") ?? ""
        do {
            try ChildAbort.request(child, of: job, reason: reason, &scope)
        } catch let failure as Failure where failure.status == 422 {
            return try ask(job, child, reason, failure.problems, scope)
        }
        return .redirect(to: child.base(job))
    }

    private static func ask(
        _ job: Job, _ child: ArrayChild, _ reason: String, _ problems: [Failure.Problem], _ scope: borrowing Scope
    ) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let content: HTML = """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li>\
            <li><a href="\(child.base(job))">Child \(child.k)</a></li></ol>
            <div class="sheet flow"><h1>Abort this child?</h1>
            <p>\(child.state(in: job.line).badge(scope.site.assets)) <b>Child \(child.k) of \(job.name)</b></p>
            <p>AWS ends it alone, with your name in its reason. The others go on; the array then ends as failed, and their \
            results stay.</p>
            \(fields.summary("Nothing was asked for."))
            <form class="flow" method="post" action="\(child.base(job))/abort">
            \(FormToken.input(try scope.identity().formToken))
            \(fields.text("reason", "Reason", reason, hint: "Optional; shown with the child and in AWS"))
            <div class="acts"><button class="btn main">Abort child</button>
            <a class="btn" href="\(child.base(job))">Let it run</a></div></form></div>
            """
        return Page(
            title: "Abort – Child \(child.k) of \(job.name)", state: job.state.style, content: content,
            status: problems.isEmpty ? 200 : 422, isNarrow: true, section: "Jobs"
        ).response(in: scope)
    }
}

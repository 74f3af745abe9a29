import FoundationEssentials
import HTML
import HTTP

/// Several jobs' end: chosen in the list, asked about once more, and what came of it.
enum AbortManyPage {
    static let routes: [Route] = [
        .get("/aborts", .signedIn, results),
        .post("/aborts", .signedIn, send).costly,
    ]

    /// The list's form comes without `confirmed` and is answered by the question.
    private static func send(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let ids = form.all("job")
        let reason = try form.one("reason") ?? ""
        var problems: [Failure.Problem] = []
        var lines: [JobLine] = []
        do {
            try Abort.checkCount(ids)
            lines = try scope.database.lines(eitherIDs: ids).compactMap(\.self)
            if try form.one("confirmed") != nil {
                _ = try Abort.request(lines, reason: reason, &scope)
                return .redirect(to: "/aborts?ids=" + ids.map { percentEncode($0) }.joined(separator: ","))
            }
        } catch let failure as Failure where failure.status == 422 {
            problems = failure.problems
        }
        let content = try question(lines, reason, problems, scope)
        return Page(
            title: lines.isEmpty ? "No job to abort" : "Abort \(count(lines))", content: content,
            status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Jobs"
        ).response(in: scope)
    }

    private static func count(_ lines: [JobLine]) -> String { lines.count == 1 ? "1 job" : "\(lines.count) jobs" }

    private static func question(
        _ lines: [JobLine], _ reason: String, _ problems: [Failure.Problem], _ scope: borrowing Scope
    ) throws -> HTML {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let jobs = lines.map { line -> HTML in "<input type=\"hidden\" name=\"job\" value=\"\(line.id.lower)\">" }
        let form: HTML = """
            \(table(lines, "As it stands", scope) { Abort.Outcome(before: $0)?.sentence })
            <p class="mt4">AWS ends them, with your name in its reason. What they have written by then is kept; they cannot \
            be resumed.</p>
            <form class="flow mt4" method="post" action="/aborts">\(FormToken.input(try scope.identity().formToken))\(jobs)
            <input type="hidden" name="confirmed" value="yes">
            \(fields.text("reason", "Reason", reason, hint: "Optional; shown with the jobs and in AWS"))
            <div class="acts"><button class="btn main">Abort \(count(lines))</button>
            <a class="btn" href="/jobs">Let them run</a></div></form>
            """
        return """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li></ol>
            <div class="head"><h1 id="jobs">\(lines.isEmpty ? "No job to abort" : "Abort \(count(lines))?")</h1></div>
            \(fields.summary("Nothing was asked for."))
            \(lines.isEmpty ? "<p><a href=\"/jobs\">Back to the jobs</a></p>" : form)
            """
    }

    /// As things stand now: to be looked at again for whether the ends are confirmed.
    private static func results(_ call: Call, _ scope: inout Scope) throws -> Response {
        try Parameters.only(["ids"], in: call.request.query)
        let ids = try (call.request.query.one("ids") ?? "").split(separator: ",").map(String.init)
        guard (1...Abort.mostAtOnce).contains(ids.count) else { throw Failure.notFound }
        let lines = try scope.database.lines(eitherIDs: ids).compactMap(\.self)
        let content: HTML = """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li></ol>
            <div class="head"><div><h1 id="jobs">Abort asked for</h1>
            <p class="says">\(missing(ids.count - lines.count))An end is confirmed once AWS says so.</p></div></div>
            \(table(lines, "What became of it", scope, standing))
            <p class="mt4"><a class="btn" href="/jobs">Back to the jobs</a></p>
            """
        return Page(title: "Abort asked for – \(count(lines))", content: content, isNarrow: true, section: "Jobs")
            .response(in: scope)
    }

    private static func missing(_ count: Int) -> HTML? {
        count == 0 ? nil : "\(count == 1 ? "One of them is" : "\(count) of them are") not there, or not yours to see. "
    }

    private static func standing(_ line: JobLine) -> String? {
        if line.stopRequestedAt == nil { return Abort.Outcome.alreadyEnded.sentence }
        return line.isStopping ? "Its end was asked for, and is not confirmed yet." : "Its end is confirmed."
    }

    private static func table(
        _ lines: [JobLine], _ heading: String, _ scope: borrowing Scope, _ says: (JobLine) -> String?
    ) -> HTML {
        let assets = scope.site.assets
        let rows = lines.map { line -> HTML in
            """
            <tr role="row"><td role="cell" class="c-state">\(line.state.badge(assets))</td>
            <th role="rowheader" scope="row" class="c-name"><a href="/jobs/\(line.id.lower)">\(line.name)</a></th>
            <td role="cell" class="c-why">\(says(line))</td></tr>
            """
        }
        return """
            <div class="scroll mt4" role="group" aria-labelledby="jobs" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Jobs</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Name</th>
            <th role="columnheader" scope="col">\(heading)</th></tr></thead><tbody role="rowgroup">\(rows)</tbody></table></div>
            """
    }
}

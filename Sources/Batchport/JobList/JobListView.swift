import HTML
import HTTP

struct JobListView {
    let page: JobPageOfList
    let request: JobListRequest
    let showsOwner: Bool
    let formToken: String
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64

    private var search: JobSearch { request.search }
    private var isFirst: Bool { request.filter.cursor == nil }
    private var moving: Int { page.lines.count { $0.settledAt == nil } }

    var title: String { moving == 0 ? "Jobs" : "\(moving) on their way – Jobs" }

    var topState: String? { page.lines.first { $0.settledAt == nil }?.state.style }

    var content: HTML {
        """
        <div data-live="jobs"\(movingMark)>
        <div class="head"><div><h1>Jobs</h1></div><p class="prov">\(provenance) \(refreshing.line(now: now))</p></div>
        \(views)
        <form class="search mt4" role="search" action="/jobs"><div class="box">
        <label class="vh" for="q">Search jobs</label>\(assets.icon("search"))
        <input id="q" name="q" type="search" value="\(search.text)" aria-describedby="q-hint" autocomplete="off" \
        spellcheck="false"></div><button class="btn">Search</button></form>
        <p class="hint full mt2" id="q-hint">Words of the name, and <code>status:failed,running</code> \
        <code>env:genomics</code> <code>owner:me</code> <code>since:2026-11-01</code> <code>before:2026-12-01</code> \
        <code>-tag:test</code>, or a job’s id.\(problems)</p>\(narrowed)
        \(request.problems.isEmpty ? bulk : nil)
        \(pager)
        </div>
        """
    }

    private var movingMark: HTML? { moving > 0 && isFirst ? " data-moving" : nil }

    private var provenance: HTML {
        guard moving > 0 else { return "<b>Nothing on its way here.</b>" }
        let age: HTML =
            page.checkedAt.map { "AWS was asked \(Words.duration(milliseconds: now - $0)) ago." }
            ?? "AWS has not been asked about them yet."
        return "<b>\(moving) on their way.</b> \(age)"
    }

    private var views: HTML {
        let views = [
            ("All", ""), ("On their way", "settled:no"), ("Failed", "status:failed,refused,neversent,lost"),
            ("Succeeded", "status:succeeded"),
        ]
        let links = views.map { name, q -> HTML in
            let current: HTML? = search.text == q && request.others.isEmpty ? " aria-current=\"page\"" : nil
            let path = q.isEmpty ? "/jobs" : "/jobs?q=" + percentEncode(q)
            return "<a href=\"\(path)\"\(current)>\(name)</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"Views\">\(links)</nav>"
    }

    private var problems: HTML? {
        request.problems.isEmpty
            ? nil : " <b role=\"alert\">\(request.problems.map(\.message).joined(separator: " "))</b>"
    }

    /// What a link narrows the list to beside the search line, which has no field of its own here.
    private var narrowed: HTML? {
        if request.others.isEmpty { return nil }
        let words = request.others.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
        return """
            <p class="hint full">Only <code>\(words)</code>. <a href="/jobs">Show all</a></p>
            """
    }

    /// The table, in a form where something in it can be aborted.
    private var bulk: HTML {
        guard hasTicks else { return table }
        return """
            <form class="bulk mt5" method="post" action="/aborts">\(FormToken.input(formToken))\(table)
            <div class="bulk-bar"><output>ticked</output><button class="btn danger small">\(assets.icon("stop"))Abort …\
            </button><span class="small dim">You are asked once more.</span></div></form>
            """
    }

    private var hasTicks: Bool { page.lines.contains(where: \.mayStop) }

    private var table: HTML {
        if page.lines.isEmpty { return nothing }
        return JobTable(lines: page.lines, showsOwner: showsOwner, hasTicks: hasTicks, assets: assets, now: now).content
    }

    private var nothing: HTML {
        if !isFirst {
            return "<div class=\"empty mt5\"><p>No older jobs. <a href=\"/jobs\">Show the newest</a></p></div>"
        }
        return search.text.isEmpty && request.others.isEmpty
            ? """
            <div class="empty mt5"><p>No job yet.</p><p class="mt2"><a class="btn main" href="/jobs/new">\
            \(assets.icon("plus"))Submit the first</a></p></div>
            """
            : "<div class=\"empty mt5\"><p>No job fits this search. <a href=\"/jobs\">Show all</a></p></div>"
    }

    private var pager: HTML? {
        page.next.map { next in
            let q: HTML? = search.text.isEmpty ? nil : "<input type=\"hidden\" name=\"q\" value=\"\(search.text)\">"
            let others = request.others.map { item -> HTML in
                "<input type=\"hidden\" name=\"\(item.name)\" value=\"\(item.value)\">"
            }
            return """
                <form class="pager" action="/jobs">\(q)\(others)<input type="hidden" name="cursor" value="\(next.text)">\
                <button class="btn">Older jobs</button></form>
                """
        }
    }
}

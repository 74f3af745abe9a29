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
        guard !page.lines.isEmpty else { return nothing }
        let owner: HTML? = showsOwner ? "<th role=\"columnheader\" scope=\"col\">Owner</th>" : nil
        let margin: HTML? = hasTicks ? nil : " mt5"
        let ticks: HTML? = hasTicks ? "<td role=\"cell\" class=\"tick\"></td>" : nil
        return """
            <div class="scroll\(margin)" role="group" aria-label="Jobs, newest first" tabindex="0">
            <table class="stack" role="table"><caption class="vh">Jobs, newest first</caption>
            <thead role="rowgroup"><tr role="row">\(ticks)<th role="columnheader" scope="col">State</th>
            <th role="columnheader" scope="col">Name</th>\(owner)<th role="columnheader" scope="col">Environment</th>
            <th role="columnheader" scope="col" class="num" aria-sort="ascending">Age</th>
            <th role="columnheader" scope="col" class="num">Waited</th>
            <th role="columnheader" scope="col" class="num">Ran</th><th role="columnheader" scope="col">Verdict</th></tr></thead>
            <tbody role="rowgroup">\(page.lines.map(row))</tbody></table></div>
            """
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

    private func row(_ line: JobLine) -> HTML {
        let owner: HTML? =
            showsOwner ? "<td role=\"cell\" class=\"nowrap\" data-k=\"owner\">\(line.ownerName ?? "you")</td>" : nil
        let word = line.isStopping ? "stop requested" : line.deleteRequestedAt != nil ? "being deleted" : nil
        let sub: HTML? = word.map { "<span class=\"sub\">\($0)</span>" }
        let tick: HTML? = hasTicks ? self.tick(line) : nil
        return """
            <tr role="row">\(tick)<td role="cell" class="c-state">\(line.state.badge(assets))\(sub)</td>
            <th role="rowheader" scope="row" class="c-name"><a href="/jobs/\(line.id.lower)">\(line.name)</a></th>\(owner)
            <td role="cell" class="nowrap" data-k="in"><a href="/environments/\(line.environment.id.lower)">\
            \(line.environment.name)</a></td>
            <td role="cell" class="num c-age">\(Words.duration(milliseconds: now - line.submittedAt))</td>
            \(duration("waited", waited(line)))
            \(duration("ran", line.startedAt.map { (line.stoppedAt ?? now) - $0 }))
            \(reason(line))</tr>

            """
    }

    /// Up to its start, or up to now where it still waits.
    private func waited(_ line: JobLine) -> Int64? {
        (line.startedAt ?? (line.settledAt == nil ? now : nil)).map { $0 - line.submittedAt }
    }

    private func duration(_ name: String, _ milliseconds: Int64?) -> HTML {
        guard let milliseconds else { return "<td role=\"cell\" class=\"num c-none\"></td>" }
        return "<td role=\"cell\" class=\"num\" data-k=\"\(name)\">\(Words.duration(milliseconds: milliseconds))</td>"
    }

    private func tick(_ line: JobLine) -> HTML {
        guard line.mayStop else { return "<td role=\"cell\" class=\"tick\"></td>" }
        return """
            <td role="cell" class="tick"><label><input type="checkbox" name="job" value="\(line.id.lower)">\
            <span class="vh">Select \(line.name)</span></label></td>
            """
    }

    /// Why it failed or does not move; AWS's raw reason stands on the job's own page.
    private func reason(_ line: JobLine) -> HTML {
        let text = line.failure?.word(exitCode: line.exitCode) ?? (line.state.isOurs ? line.phaseReason : nil)
        guard let text else { return "<td role=\"cell\" class=\"c-why c-none\"></td>" }
        return "<td role=\"cell\" class=\"c-why\">\(text)</td>"
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

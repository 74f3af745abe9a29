import HTML
import HTTP

struct JobListView {
    let page: JobPageOfList
    let search: JobSearch
    let isFirst: Bool
    let showsOwner: Bool
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64

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
        <code>env:genomics</code> <code>owner:me</code> <code>since:2026-11-01</code> <code>before:2026-12-01</code>.\
        \(problems)</p>
        \(table)
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
            let current: HTML? = search.text == q ? " aria-current=\"page\"" : nil
            let path = q.isEmpty ? "/jobs" : "/jobs?q=" + percentEncode(q)
            return "<a href=\"\(path)\"\(current)>\(name)</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"Views\">\(links)</nav>"
    }

    private var problems: HTML? {
        search.problems.isEmpty ? nil : " <b>\(search.problems.joined(separator: " "))</b>"
    }

    private var table: HTML {
        guard !page.lines.isEmpty else { return nothing }
        let owner: HTML? = showsOwner ? "<th role=\"columnheader\" scope=\"col\">Owner</th>" : nil
        return """
            <div class="scroll mt5" role="group" aria-label="Jobs, newest first" tabindex="0">
            <table class="stack" role="table"><caption class="vh">Jobs, newest first</caption>
            <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">State</th>
            <th role="columnheader" scope="col">Name</th>\(owner)<th role="columnheader" scope="col">Environment</th>
            <th role="columnheader" scope="col" class="num" aria-sort="ascending">Age</th>
            <th role="columnheader" scope="col" class="num">Waited</th>
            <th role="columnheader" scope="col" class="num">Ran</th><th role="columnheader" scope="col">Reason</th></tr></thead>
            <tbody role="rowgroup">\(page.lines.map(row))</tbody></table></div>
            """
    }

    private var nothing: HTML {
        if !isFirst {
            return "<div class=\"empty mt5\"><p>No older jobs. <a href=\"/jobs\">Show the newest</a></p></div>"
        }
        return search.text.isEmpty
            ? """
            <div class="empty mt5"><p>No job yet.</p><p class="mt2"><a class="btn main" href="/jobs/new">\
            \(assets.icon("plus"))Submit the first</a></p></div>
            """
            : "<div class=\"empty mt5\"><p>No job fits this search. <a href=\"/jobs\">Show all</a></p></div>"
    }

    private func row(_ line: JobLine) -> HTML {
        let owner: HTML? =
            showsOwner ? "<td role=\"cell\" class=\"nowrap\" data-k=\"owner\">\(line.ownerName)</td>" : nil
        let stopping: HTML? = line.isStopping ? "<span class=\"sub\">stop requested</span>" : nil
        return """
            <tr role="row"><td role="cell" class="c-state">\(line.state.badge(assets))\(stopping)</td>
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

    private func reason(_ line: JobLine) -> HTML {
        let isNews = line.state.isOurs || line.status == "Failed"
        guard isNews, let text = line.phase == "sent" ? line.statusReason : line.phaseReason else {
            return "<td role=\"cell\" class=\"c-why c-none\"></td>"
        }
        let code: HTML? = line.exitCode.map { " <span class=\"sub\">exit code \($0)</span>" }
        return "<td role=\"cell\" class=\"c-why\">\(text)\(code)</td>"
    }

    private var pager: HTML? {
        page.next.map { next in
            let q: HTML? = search.text.isEmpty ? nil : "<input type=\"hidden\" name=\"q\" value=\"\(search.text)\">"
            return """
                <form class="pager" action="/jobs">\(q)<input type="hidden" name="cursor" value="\(next.text)">\
                <button class="btn">Older jobs</button></form>
                """
        }
    }
}

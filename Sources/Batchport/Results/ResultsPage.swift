import FoundationEssentials
import HTML
import HTTP
import JSON
import JobManifest
import PostgreSQL

/// The results of an array, page by page, and as one file.
enum ResultsPage {
    static let routes: [Route] = [
        .get("/jobs/*/results", .signedIn, show),
        .get("/jobs/*/results/file", .signedIn, file).costly,
    ]

    static let pageSize = 100

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard job.line.children != nil else { throw Failure.notFound }
        if !job.isSettled {
            try scope.database.enqueue(ResultsTask.kind.name, ["job": .string(job.idText)], for: job.id)
        }
        let first = try Numbers.one("from", in: call.request.query, 0...max(0, job.elements - 1)) ?? 0
        let items = try scope.database.results(of: job.line, elements: job.elements, first: first, count: pageSize)
        let view = ResultsView(job: job, items: items, first: first, assets: scope.site.assets)
        return Page(
            title: "\(job.state.word) – Results of \(job.name)", state: job.state.style, content: view.content,
            section: "Jobs"
        ).response(in: scope)
    }

    private static func file(_ call: Call, _ scope: inout Scope) throws -> Response {
        let job = try scope.database.seen(call)
        guard job.line.children != nil else { throw Failure.notFound }
        guard let url = try Links.results(job.id, &scope)["url"]?.string else { throw Failure.unexpected }
        return .away(to: url)
    }
}

struct ResultsView {
    let job: Job
    let items: [ResultItem]
    let first: Int
    let assets: Assets

    private var base: String { "/jobs/" + job.idText }

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="\(base)">\(job.name)</a></li></ol>
        <div class="head"><div><h1>Results \(job.state.plate(assets))</h1>
        <p class="prov mt2"><b>\(Words.count(job.elements)) elements</b>, one entry each, in the list’s order.\(partial)</p></div>
        <div class="acts"><a class="btn" href="\(base)/results/file">\(assets.icon("download"))Download JSON Lines</a></div></div>
        <form class="search short mt4" action="\(base)/results"><div><label for="from">Go to element</label>
        <input id="from" name="from" inputmode="numeric" value="\(first)"></div><button class="btn">Go</button></form>
        \(table)\(pager)
        """
    }

    private var partial: HTML? {
        job.isSettled ? nil : " Children are still on their way: what is here is what they have uploaded so far."
    }

    var table: HTML {
        """
        <div class="scroll mt4" role="group" aria-label="Results" tabindex="0"><table class="stack" role="table">
        <caption class="vh">Results, from element \(first)</caption><thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col" class="num">Element</th>
        <th role="columnheader" scope="col" class="num">Child</th><th role="columnheader" scope="col">Value</th></tr></thead>
        <tbody role="rowgroup">\(items.map(row))</tbody></table></div>
        """
    }

    private func row(_ item: ResultItem) -> HTML {
        """
        <tr role="row"><th role="rowheader" scope="row" class="num">\(item.index)</th>
        <td role="cell" class="num" data-k="child"><a href="\(base)/children/\(item.child)">\(item.child)</a></td>
        <td role="cell" class="c-why" data-k="value">\(value(item))</td></tr>
        """
    }

    private func value(_ item: ResultItem) -> HTML {
        switch item.entry?.content {
        case .value(let json)?: return code(String(decoding: json.prefix(2000), as: UTF8.self), cut: json.count > 2000)
        case .inputForm(let text)?: return code(String(text.prefix(2000)), cut: text.count > 2000)
        default:
            let why = item.why
            return """
                <span class="dim">none, <code>\(why.cause.rawValue)</code>: \(why.detail ?? why.cause.sentence)</span>
                """
        }
    }

    private func code(_ text: String, cut: Bool) -> HTML {
        let more: HTML? = cut ? "<span class=\"sub\">its start</span>" : nil
        return "<code>\(text)</code>\(more)"
    }

    private var pager: HTML? {
        guard let last = items.last?.index, last + 1 < job.elements else { return nil }
        return """
            <form class="pager" action="\(base)/results"><input type="hidden" name="from" value="\(last + 1)">\
            <button class="btn">Next elements</button></form>
            """
    }
}

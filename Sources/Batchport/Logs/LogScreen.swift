import HTML

struct LogScreen {
    let job: Job
    var child = ArrayChild.none
    /// The job's, or the child's.
    let state: JobState
    /// Why there is none, where there is none.
    let why: Missing
    let logs: [JobLog]
    let log: JobLog?
    let here: Int?
    let search: String
    let assets: Assets
    let refreshing: Refreshing
    let now: Int64
    var lines: [LogLine] = []
    var hits: (total: Int, lines: [Int])?

    private var base: String { LogPlaceOnSite.base(job, child) }

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li>\(childCrumb)</ol>
        <div class="head"><div><h1>Log \(state.plate(assets))</h1><p class="prov mt2">\(provenance)</p></div>\(actions)</div>
        \(attempts)
        \(tools)
        \(list)
        """
    }

    private var childCrumb: HTML? {
        child == ArrayChild.none ? nil : "<li><a href=\"\(base)\">Child \(child)</a></li>"
    }

    private var provenance: HTML {
        guard let log else {
            let live: HTML? = job.isSettled ? nil : " \(refreshing.line(now: now))"
            return "There is none: \(why.detail ?? why.cause.sentence)\(live)"
        }
        let completeness = log.isComplete ? "complete" : "still growing"
        let live: HTML? = log.isComplete ? nil : " \(refreshing.line(now: now))"
        return "<b>\(Words.count(log.lines)) lines</b>, \(completeness). Kept by Batchport.\(live)"
    }

    private var actions: HTML? {
        log.map { log in
            """
            <div class="acts"><a class="btn" href="\(base)/log/raw?attempt=\(log.attempt)">\(assets.icon("download"))\
            Download</a></div>
            """
        }
    }

    private var attempts: HTML? {
        guard logs.count > 1 else { return nil }
        let items = logs.map { one -> HTML in
            let current: HTML? = one.attempt == log?.attempt ? " aria-current=\"page\"" : nil
            return "<a href=\"\(base)/log?attempt=\(one.attempt)\"\(current)>Attempt \(one.attempt)</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"Attempts\">\(items)</nav>"
    }

    private var tools: HTML? {
        guard let log else { return nil }
        return """
            <div class="log-tools"><form class="grow" role="search" action="\(base)/log">
            <input type="hidden" name="attempt" value="\(log.attempt)"><label for="q">Search this log</label>
            <div class="search"><div class="box">\(assets.icon("search"))<input id="q" name="q" type="search" \
            value="\(search)" spellcheck="false" autocomplete="off" aria-describedby="hits"></div>\
            <button class="btn">Search</button></div></form>
            <form class="search short" action="\(base)/log"><input type="hidden" name="attempt" value="\(log.attempt)">
            <div><label for="line">Go to line</label><input id="line" name="line" inputmode="numeric" \
            value="\(here.map(String.init))"></div><button class="btn">Go</button></form></div>
            \(hitList)
            """
    }

    private var hitList: HTML? {
        hits.map { hits in
            let links = hits.lines.prefix(50).map { n -> HTML in
                "<a href=\"\(base)/log?line=\(n)&amp;attempt=\(log?.attempt ?? 1)#L\(n)\">\(n)</a> "
            }
            let more: HTML? = hits.total > 50 ? "…" : nil
            return "<p id=\"hits\"><b>\(Words.count(hits.total))</b> lines hold it: \(links)\(more)</p>"
        }
    }

    private var list: HTML {
        guard let log, let first = lines.first?.n, let last = lines.last?.n else {
            return "<p class=\"empty\">Nothing to show yet.</p>"
        }
        let view = LogView(job: job, child: child, attempt: log.attempt)
        let earlier: HTML? =
            first > 1
            ? """
            <p><a href="\(base)/log?attempt=\(log.attempt)&amp;before=\(first)">Earlier lines</a> · \
            <a href="\(base)/log?attempt=\(log.attempt)&amp;line=1#L1">Start</a></p>
            """ : nil
        let later: HTML? =
            last < log.lines
            ? """
            <p><a href="\(base)/log?attempt=\(log.attempt)&amp;after=\(last)#L\(last + 1)">Later lines</a> · \
            <a href="\(base)/log?attempt=\(log.attempt)">End</a></p>
            """ : nil
        return """
            \(earlier)<div class="scroll" role="group" aria-label="Lines \(first) to \(last)" tabindex="0">
            \(view.list(lines, here: here))</div>\(later)
            """
    }
}

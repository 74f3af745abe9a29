import HTML
import HTTP

struct ChildrenView {
    let job: Job
    let counts: ChildCounts
    let filter: ChildFilter
    let page: ChildPageOfList
    let map: ChildrenMap
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64

    private var base: String { "/jobs/" + job.idText }

    var content: HTML {
        let refresh: HTML? = job.isSettled ? nil : " \(refreshing.line(now: now))"
        return """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="\(base)">\(job.name)</a></li></ol>
            <div class="head"><div><h1>Children \(job.state.plate(assets))</h1>
            <p class="says">\(ChildProgress(counts: counts).sentence)</p>
            <p class="prov mt2">\(provenance)\(refresh)</p></div>
            <div class="acts"><a class="btn" href="\(base)/results">\(assets.icon("ok"))Results</a></div></div>
            \(ChildProgress(counts: counts).bar(assets))
            \(failures)
            <section class="sec" aria-labelledby="children"><div class="side"><h2 id="children">Children</h2>
            <p>Failed first, then those on their way.</p></div><div>\(tabs)\(table)\(pager)</div></section>
            <section class="sec" aria-labelledby="map"><div class="side"><h2 id="map">Map</h2>
            <p id="map-how">100 children a row, child 0 at the top left. The table above says the same. The failed ones are one tab stop; arrow keys walk them.</p></div>
            <div class="heat-pair"><div class="heat-box one">\(HeatMap(states: map.states, base: base).content)</div>
            <div class="heat-side">\(histogram)</div></div></section>
            """
    }

    private var provenance: HTML {
        if job.state.isOurs { return "<b>Batchport’s word</b>; AWS’s own where it has spoken of a child." }
        return job.line.isDerived
            ? "<b>\(job.state.word)</b> is <span class=\"ours\">Batchport’s word</span>, from the children; AWS says <code>\(job.status)</code> of an array that is not over."
            : "From AWS’s word on each child."
    }

    private var failures: HTML? {
        guard let table = map.failures.table(base) else { return nil }
        return """
            <section class="sec mt5" aria-labelledby="why"><div class="side"><h2 id="why">Failures</h2>
            <p>By verdict, the most frequent first.</p></div><div class="flow">\(table)\
            \(MissingAgain(job: job, assets: assets).content)</div></section>
            """
    }

    private var tabs: HTML {
        let known = ChildCounts.words.filter { counts[$0] > 0 }
        let links = ([nil] + known.map(Optional.some)).map { status -> HTML in
            let isHere = filter.statuses.first == status
            let current: HTML? = isHere ? " aria-current=\"page\"" : nil
            let query = status.map { "?status=" + $0 } ?? ""
            let count = status.map { counts[$0] } ?? counts.total
            return "<a href=\"\(base)/children\(query)\"\(current)>\(status ?? "All") \(Words.count(count))</a>"
        }
        return "<nav class=\"tabs\" aria-label=\"By status\">\(links)</nav>"
    }

    private var table: HTML {
        """
        <div class="scroll mt4" role="group" aria-labelledby="children" tabindex="0"><table class="stack" role="table">
        <caption class="vh">Children, failed first</caption><thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Child</th>
        <th role="columnheader" scope="col" class="num">Elements</th>
        <th role="columnheader" scope="col" class="num">Attempts</th><th role="columnheader" scope="col" class="num">Ran</th>
        <th role="columnheader" scope="col" class="num">Exit code</th><th role="columnheader" scope="col">Reason</th>
        <th role="columnheader" scope="col">Log</th></tr></thead>
        <tbody role="rowgroup">\(page.children.map(row))</tbody></table></div>
        """
    }

    private func row(_ child: ArrayChild) -> HTML {
        let ran = child.ran(in: job.line, now: now).map { Words.duration(milliseconds: $0) }
        let noRun = child.startedAt == nil ? "not yet" : "not known"
        let reason = [child.reason, child.statusReason].compactMap(\.self).first { !$0.isEmpty }
        let stopping: HTML? =
            child.stopRequestedAt != nil && !child.isTerminal ? "<span class=\"sub\">stop requested</span>" : nil
        let log: HTML? =
            child.startedAt == nil
            ? nil : "<a href=\"\(base)/children/\(child.k)/log\">Log<span class=\"vh\"> of child \(child.k)</span></a>"
        return """
            <tr role="row" id="c\(child.k)"><td role="cell" class="c-state">\(child.state(in: job.line).badge(assets))\(stopping)</td>
            <th role="rowheader" scope="row" class="nowrap"><a href="\(base)/children/\(child.k)">Child \(child.k)</a></th>
            <td role="cell" class="num nowrap" data-k="elements">\(child.span)</td>
            <td role="cell" class="num" data-k="attempts">\(child.attempts)</td>
            <td role="cell" class="num" data-k="ran">\(ran ?? noRun)</td>
            <td role="cell" class="num" data-k="exit code">\(child.exitCode.map(String.init) ?? "none")</td>
            <td role="cell" class="c-why">\(reason)</td><td role="cell">\(log)</td></tr>

            """
    }

    private var pager: HTML? {
        page.next.map { next in
            let status: HTML? = filter.statuses.first.map { "<input type=\"hidden\" name=\"status\" value=\"\($0)\">" }
            return """
                <form class="pager" action="\(base)/children">\(status)<input type="hidden" name="cursor" \
                value="\(next.text)"><button class="btn">More children</button></form>
                """
        }
    }

    private var histogram: HTML? {
        guard let durations = map.durations else { return nil }
        let most = max(1, durations.buckets.max() ?? 1)
        let bars = durations.buckets.enumerated().map { index, count -> HTML in
            let height = count * 100 / most
            return
                "<rect class=\"seg\" data-s=\"running\" x=\"\(index * 5)%\" y=\"\(100 - height)\" width=\"4.2%\" height=\"\(height)\"/>"
        }
        // Below a second all of it would be none.
        func words(_ seconds: Double) -> String {
            let milliseconds = Int64(seconds * 1000)
            return milliseconds > 0 && durations.longest < 10
                ? Words.oneDecimal(seconds) + " s" : Words.duration(milliseconds: milliseconds)
        }
        let rows = durations.buckets.enumerated().filter { $0.element > 0 }.map { index, count -> HTML in
            let width = durations.longest / 20
            return """
                <tr><th scope="row">\(words(Double(index) * width)) to \(words(Double(index + 1) * width))</th>\
                <td class="num">\(Words.count(count))</td></tr>
                """
        }
        return """
            <figure class="plot" aria-labelledby="hcap"><figcaption id="hcap"><h3>How long they ran</h3>
            <span class="sub">\(Words.count(durations.count)) succeeded \(durations.count == 1 ? "child" : "children"); half of them \(words(durations.median)) or \
            less, the longest \(words(durations.longest))</span></figcaption>
            <svg class="svg hist" role="img" aria-label="Children by how long they ran, from 0 to \(words(durations.longest))" \
            viewBox="0 0 100 100" preserveAspectRatio="none">\(bars)</svg>
            <details class="more"><summary>The same as a table</summary><table class="plain">
            <caption class="vh">Children by duration</caption><thead><tr><th scope="col">Ran</th>\
            <th scope="col" class="num">Children</th></tr></thead><tbody>\(rows)</tbody></table></details></figure>
            """
    }
}

/// How many children have come how far.
struct ChildProgress {
    let counts: ChildCounts

    var sentence: String {
        var failed = counts["Failed"] > 0 ? ", \(Words.count(counts["Failed"])) of them failed" : ""
        if counts[ChildCounts.lost] > 0 { failed += ", and \(Words.count(counts[ChildCounts.lost])) are lost" }
        if counts.ended == counts.total {
            return counts.total == 1
                ? "Its one child has ended\(failed)." : "All \(Words.count(counts.total)) children have ended\(failed)."
        }
        return
            "\(Words.count(counts.ended)) of \(Words.count(counts.total)) children have ended\(failed.isEmpty ? "" : failed + " so far")."
    }

    func bar(_ assets: Assets) -> HTML {
        let order = [
            "Failed", ChildCounts.lost, "Succeeded", "Running", "Starting", "Runnable", "Pending", "Submitted",
        ].filter {
            counts[$0] > 0
        }
        var start = 0
        let parts = order.map { status -> HTML in
            let (from, to) = (
                start * 10_000 / max(1, counts.total), (start + counts[status]) * 10_000 / max(1, counts.total)
            )
            start += counts[status]
            return """
                <rect class="seg" data-s="\(JobState.named(status).style)" x="\(Self.percent(from))" \
                width="\(Self.percent(max(to - from, 20)))" height="20"/>
                """
        }
        let words = order.map { "\(Words.count(counts[$0])) \(JobState.named($0).word.lowercased())" }.joined(
            separator: ", ")
        let legend = order.map { status -> HTML in
            "<li>\(JobState.named(status).badge(assets)) <b>\(Words.count(counts[status]))</b></li>"
        }
        return """
            <section aria-labelledby="progress"><h2 class="vh" id="progress">Progress</h2>
            <svg class="bar" role="img" aria-label="Of \(Words.count(counts.total)) children \(words)"><rect class="bar-bg" \
            width="100%" height="20"/>\(parts)</svg><ul class="legend mt2">\(legend)</ul></section>
            """
    }

    private static func percent(_ hundredths: Int) -> String {
        "\(hundredths / 100).\(Words.twoDigits(hundredths % 100))%"
    }
}

import HTML
import PostgreSQL

/// The list's table. Its rows are written piece by piece into the table's own buffer: with a value for each row and cell
/// they cost twice as much (HTML, decision 1).
struct JobTable {
    let lines: [JobLine]
    let showsOwner: Bool
    /// Whether something in it can be aborted.
    let hasTicks: Bool
    let assets: Assets
    let now: Int64

    var content: HTML {
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
            <tbody role="rowgroup">\(each: lines, write)</tbody></table></div>
            """
    }

    private func write(_ line: JobLine, to html: inout HTML) {
        html.append(markup: "<tr role=\"row\">")
        if hasTicks { html += tick(line) }
        writeState(line, to: &html)
        html.append(markup: "<th role=\"rowheader\" scope=\"row\" class=\"c-name\"><a href=\"/jobs/")
        line.id.write(to: &html)
        html.append(markup: "\">")
        write(line, JobLine.Text.name, to: &html)
        html.append(markup: "</a></th>")
        if showsOwner {
            html.append(markup: "<td role=\"cell\" class=\"nowrap\" data-k=\"owner\">")
            html.append(text: line.ownerName ?? "you")
            html.append(markup: "</td>")
        }
        html.append(markup: "\n<td role=\"cell\" class=\"nowrap\" data-k=\"in\"><a href=\"/environments/")
        line.environmentID.write(to: &html)
        html.append(markup: "\">")
        write(line, JobLine.Text.environmentName, to: &html)
        html.append(markup: "</a></td>\n<td role=\"cell\" class=\"num c-age\">")
        Lapse(milliseconds: now - line.submittedAt).write(to: &html)
        html.append(markup: "</td>\n")
        writeDuration("<td role=\"cell\" class=\"num\" data-k=\"waited\">", waited(line), to: &html)
        writeDuration(
            "<td role=\"cell\" class=\"num\" data-k=\"ran\">", line.ran(now: now), to: &html)
        writeReason(line, to: &html)
        html.append(markup: "</tr>\n")
    }

    private func write(_ line: JobLine, _ text: Int, to html: inout HTML) {
        line.texts.withBytes(text) { html.append(text: $0) }
    }

    private func tick(_ line: JobLine) -> HTML {
        guard line.mayStop else { return "<td role=\"cell\" class=\"tick\"></td>" }
        return """
            <td role="cell" class="tick"><label><input type="checkbox" name="job" value="\(line.id)">\
            <span class="vh">Select \(line.name)</span></label></td>
            """
    }

    private func writeState(_ line: JobLine, to html: inout HTML) {
        html.append(markup: "<td role=\"cell\" class=\"c-state\">")
        line.state.badge(assets).write(to: &html)
        if line.isStopping {
            html.append(markup: "<span class=\"sub\">stop requested</span>")
        } else if line.deleteRequestedAt != nil {
            html.append(markup: "<span class=\"sub\">being deleted</span>")
        }
        if let children = line.children { writeChildren(children, to: &html) }
        html.append(markup: "</td>\n")
    }

    /// How many of an array's children have ended, and how many of these failed.
    private func writeChildren(_ children: ChildCounts, to html: inout HTML) {
        html.append(markup: "<span class=\"sub\">")
        html.append(Int64(children.ended))
        html.append(markup: " of ")
        html.append(Int64(children.total))
        html.append(markup: children.total == 1 ? " child" : " children")
        if children["Failed"] > 0 {
            html.append(markup: ", ")
            html.append(Int64(children["Failed"]))
            html.append(markup: " failed")
        }
        html.append(markup: "</span>")
    }

    /// Up to its start, or up to now where it still waits.
    private func waited(_ line: JobLine) -> Int64? {
        (line.startedAt ?? (line.settledAt == nil ? now : nil)).map { $0 - line.submittedAt }
    }

    private func writeDuration(_ start: StaticString, _ milliseconds: Int64?, to html: inout HTML) {
        guard let milliseconds else { return html.append(markup: "<td role=\"cell\" class=\"num c-none\"></td>\n") }
        html.append(markup: start)
        Lapse(milliseconds: milliseconds).write(to: &html)
        html.append(markup: "</td>\n")
    }

    /// Why it failed or does not move; AWS's raw reason stands on the job's own page.
    private func writeReason(_ line: JobLine, to html: inout HTML) {
        let text = line.failure?.word(exitCode: line.exitCode) ?? (line.state.isOurs ? line.phaseReason : nil)
        guard let text else { return html.append(markup: "<td role=\"cell\" class=\"c-why c-none\"></td>") }
        html.append(markup: "<td role=\"cell\" class=\"c-why\">")
        html.append(text: text)
        html.append(markup: "</td>")
    }
}

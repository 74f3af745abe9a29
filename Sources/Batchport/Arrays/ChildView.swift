import HTML
import HTTP
import JSON

struct ChildView {
    let facts: ChildFacts
    let details: JobDetails
    let outputs: [Output]
    let log: (log: JobLog, lines: [LogLine])?
    let results: [ResultItem]
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64

    private var job: Job { facts.array.job }
    private var child: ArrayChild { facts.child }
    var state: JobState { child.state(in: job.line) }
    private var base: String { child.base(job) }

    var content: HTML {
        let news = ChildNews(job: job, child: child, now: now)
        let refresh: HTML? = job.isSettled ? nil : " · \(refreshing.line(now: now))"
        return """
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li><li><a href="/jobs/\(job.idText)">\(job.name)</a></li>\
            <li><a href="/jobs/\(job.idText)/children">Children</a></li></ol>
            <div class="head"><div><h1>\(state.plate(assets))Child \(child.k)</h1>
            <p class="says">\(news.sentence)</p><p class="prov mt2">\(news.provenance)\(refresh)</p></div><div class="acts">\(actions)</div></div>
            \(section("facts", "Facts", nil, factList))
            \(section("results", "Results", "Of its \(Words.count(child.elements)) elements.", resultsContent))
            \(section("logtail", "Log", logNote, logContent))
            \(section("outputs", "Outputs", nil, outputTable))
            \(section("attempts", "Attempts", nil, attempts))
            \(section("properties", "Properties", "By the names that programs ask for.", properties))
            """
    }

    private func section(_ id: String, _ title: String, _ note: HTML?, _ body: HTML) -> HTML {
        let note: HTML? = note.map { "<p>\($0)</p>" }
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2>\(note)</div>
            <div class="flow">\(body)</div></section>
            """
    }

    private var properties: HTML { PropertiesView(facts: facts, hasLog: log != nil).content }

    private var actions: HTML? {
        guard job.mayBeStopped, !job.isSettled, !child.isTerminal, !child.isLost, child.stopRequestedAt == nil else {
            return nil
        }
        return "<a class=\"btn danger\" href=\"\(base)/abort\">\(assets.icon("stop"))Abort this child</a>"
    }

    private var factList: HTML {
        """
        <dl class="facts few">\(fact("Elements", "\(child.span)"))
        \(fact("Exit code", value(child.exitCodeOrWhy(job).map { String($0) })))
        \(fact("AWS’s reason", value(child.reasonOrWhy(job))))
        \(fact("Container’s reason", child.reason.map { "<code>\($0)</code>" } ?? "<span class=\"dim\">none given</span>"))
        \(fact("CPU time", evaluated(.evaluationTiming, unit: " s")))
        \(fact("Elapsed time", evaluated(.evaluationAbsoluteTiming, unit: " s")))
        \(stop)
        <div class="wide"><dt>Messages</dt><dd>\(messages)</dd></div>
        <div class="wide"><dt>AWS’s job id</dt><dd>\(value(child.providerIDOrWhy(job)))</dd></div></dl>
        """
    }

    private var stop: HTML? {
        guard let at = child.stopRequestedAt else { return nil }
        let reason: HTML? = child.stopReason.flatMap { $0.isEmpty ? nil : ": \($0)" }
        let confirmed: HTML = child.stopConfirmedAt.map { "confirmed at \(moment($0))" } ?? "not confirmed"
        return """
            <div class="wide"><dt>Stop</dt><dd>asked for by \(child.stopRequestedBy ?? "an administrator") at \(moment(at))\(reason); \
            \(confirmed)</dd></div>
            """
    }

    private func moment(_ at: Int64) -> HTML { Instant(at).element(Instant(at).clock + " UTC") }

    private func evaluated(_ property: JobProperty, unit: String) -> HTML {
        value(facts.value(property).map { $0.text + unit })
    }

    /// Of the kernel or the workers; where there is no record, the times have said why.
    private var messages: HTML {
        guard let said = facts.record?.messages.array?.compactMap(\.string), !said.isEmpty else {
            return "<span class=\"dim\">none</span>"
        }
        return "<ul class=\"prose\">\(said.prefix(20).map { "<li>\($0)</li>" as HTML })</ul>"
    }

    private func fact(_ name: String, _ value: HTML) -> HTML { "<div><dt>\(name)</dt><dd>\(value)</dd></div>" }

    private func value(_ result: Result<String, Missing>) -> HTML {
        switch result {
        case .success(let text): "<code>\(text)</code>"
        case .failure(let missing): "<span class=\"dim\">none: \(missing.detail ?? missing.cause.sentence)</span>"
        }
    }

    private var resultsContent: HTML {
        let view = ResultsView(job: job, items: results, first: child.firstElement, assets: assets)
        let more: HTML? =
            child.elements > results.count
            ? "<p><a href=\"/jobs/\(job.idText)/results?from=\(child.firstElement)\">All results from here on</a></p>"
            : nil
        return "\(view.table)\(more)"
    }

    private var logNote: HTML? {
        log.map { found in
            """
            The last \(found.lines.count) of \(Words.count(found.log.lines)) lines of attempt \(found.log.attempt).</p>\
            <p><a href="\(base)/log">Open the log</a>
            """
        }
    }

    private var logContent: HTML {
        guard let log, !log.lines.isEmpty else {
            let why = child.whyNoLog(job)
            return "<p class=\"dim\">There is none: \(why.detail ?? why.cause.sentence)</p>"
        }
        return """
            <div class="scroll" role="group" aria-label="Last lines of the log" tabindex="0">\
            \(LogView(job: job, child: child.k, attempt: log.log.attempt).list(log.lines))</div>
            """
    }

    private var outputTable: HTML {
        guard !outputs.isEmpty else {
            return "<p class=\"empty\">\(noOutputs)</p>"
        }
        let rows = outputs.map { output -> HTML in
            """
            <tr><th scope="row">\(output.path)</th><td class="num">\(Words.size(output.size))</td>
            <td class="num"><a href="\(base)/outputs/\(percentEncode(output.path, keepingSlashes: true))">Download<span class="vh"> \
            \(output.path)</span></a></td></tr>
            """
        }
        return """
            <table><caption class="vh">Output files</caption><thead><tr><th scope="col">File</th><th scope="col" class="num">\
            Size</th><th scope="col"><span class="vh">Get</span></th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }

    private var noOutputs: String {
        let standing = child.standing(in: job.line)
        switch standing.phase {
        case "refused", "neverSent": return "It never ran, so that there are no files."
        case "lost" where child.capture != "pending": return "No file was found; its end was not seen."
        default: break
        }
        if child.capture == "pending" { return "They are captured when the array has ended." }
        return child.capture == "partial"
            ? "Not all could be captured: \(child.captureDetail ?? "some objects were gone before that.")"
            : "The code wrote no file to output/."
    }

    private var attempts: HTML {
        guard !details.attempts.isEmpty else { return "<p class=\"dim\">None has begun.</p>" }
        let rows = details.attempts.map { attempt -> HTML in
            let ran = attempt.ran(isOn: child.standing(in: job.line).isInProgress, now: now)
            let reason = [attempt.reason, attempt.statusReason].compactMap(\.self).first { !$0.isEmpty }
            return """
                <tr><th scope="row">\(attempt.n)</th><td class="num">\(ran)</td>
                <td class="num">\(attempt.exitCode.map(String.init) ?? "none")</td><td>\(reason)</td></tr>
                """
        }
        return """
            <table><caption class="vh">Attempts</caption><thead><tr><th scope="col">Attempt</th><th scope="col" class="num">\
            Ran</th><th scope="col" class="num">Exit code</th><th scope="col">Reason</th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }
}

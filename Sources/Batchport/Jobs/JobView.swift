import HTML
import HTTP

struct JobView {
    let job: Job
    let details: JobDetails
    let outputs: OutputsView
    let moreOutputs: Bool
    let result: Result<JobResult, Missing>
    let log: (log: JobLog, lines: [LogLine])?
    let mayAbort: Bool
    /// Of an array only.
    let array: ArraySummary?
    let refreshing: Refreshing
    let assets: Assets
    let now: Int64

    private var base: String { "/jobs/" + job.idText }

    var content: HTML {
        let news = JobNews(job: job, now: now)
        let refresh: HTML? = job.isSettled ? nil : " · \(refreshing.line(now: now))"
        return """
            <div data-live="job"\(moving)>
            <ol class="crumbs"><li><a href="/jobs">Jobs</a></li>\
            <li><a href="/jobs?q=env%3A\(percentEncode(job.environment.name))">\(job.environment.name)</a></li></ol>
            <div class="head"><div><h1>\(job.state.plate(assets))\(job.name)</h1>
            <p class="says">\(news.sentence)</p><p class="prov mt2">\(news.provenance)\(refresh)</p></div>
            <div class="acts">\(actions)</div></div>
            \(LocalNote.html(isLocal: job.isLocal, assets: assets))
            \(array?.progress)
            \(VerdictView(job: job, verdict: Verdict(job, details), assets: assets).content)
            \(array?.deaths.map { section("deaths", "Failures", "The failed children by verdict.", $0) })
            \(array.map { section("results", "Results", "One entry per element, in the list’s order.", $0.results) })
            \(section("times", "Timeline", took, JobTimeline(job: job, details: details, assets: assets, now: now).content))
            \(section("outputs", "Outputs", outputNote, "\(outputs.table)\(more)\(outputs.previews)"))
            \(job.line.children == nil ? ofSingle : nil)
            \(section("settings", "Settings", EffectiveView(effective: job.effective).provenance, SettingsTable(job: job).content))
            \(section("code", "Code", "As sent.", JobCodeView(job: job, inputs: details.inputs).content))
            \(section("properties", "Properties", "By the names that programs ask for.", properties))
            </div>
            """
    }

    private var ofSingle: HTML {
        """
        \(section("result", "Result", "What the code wrote to <code>BATCHPORT_RESULT</code>.", resultContent))
        \(section("logtail", "Log", logNote, logContent))
        """
    }

    private var properties: HTML {
        PropertiesView(facts: JobFacts(job: job, details: details, result: result), hasLog: log != nil).content
    }

    private var moving: HTML? { job.isSettled && job.deleteRequestedAt == nil ? nil : " data-moving" }

    private func section(_ id: String, _ title: String, _ note: HTML?, _ body: HTML) -> HTML {
        let note: HTML? = note.map { "<p>\($0)</p>" }
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2>\(note)</div>
            <div class="flow">\(body)</div></section>
            """
    }

    private var actions: HTML {
        let abort: HTML? =
            mayAbort && job.stop == nil && !job.isTerminal && !job.isSettled
            ? "<a class=\"btn danger\" href=\"\(base)/abort\">\(assets.icon("stop"))Abort</a>" : nil
        let delete: HTML? =
            mayAbort && job.isSettled && job.deleteRequestedAt == nil
            ? "<a class=\"btn danger\" href=\"\(base)/delete\">\(assets.icon("trash"))Delete</a>" : nil
        return
            "<a class=\"btn\" href=\"/jobs/new?from=\(job.idText)\">\(assets.icon("clone"))Run again</a>\(abort)\(delete)"
    }

    private var took: HTML? {
        job.stoppedAt.map { "\(Words.duration(milliseconds: $0 - job.submittedAt)) from submission to end." }
    }

    private var outputNote: HTML? {
        guard !outputs.outputs.isEmpty else { return nil }
        let size = outputs.outputs.reduce(0) { $0 + $1.size }
        let least: HTML? = moreOutputs ? "more than " : nil
        return """
            \(least)\(Words.count(outputs.outputs.count)) \(outputs.outputs.count == 1 ? "file" : "files"), \
            \(Words.size(size)). They lie in the bucket <code>\(job.bucket)</code>.
            """
    }

    private var more: HTML? {
        moreOutputs ? "<p class=\"mt4\"><a href=\"\(base)/outputs\">All outputs</a></p>" : nil
    }

    private var resultContent: HTML {
        switch result {
        case .success(let result):
            let text = String(decoding: result.bytes.prefix(20_000), as: UTF8.self)
            let cut: HTML? =
                result.bytes.count > 20_000 ? "<p class=\"small dim\">Its start; the API gives all of it.</p>" : nil
            return """
                <div class="scroll" role="group" aria-label="Result" tabindex="0"><pre id="the-result">
                \(LogText.lines(text))</pre></div>\(cut)\(CopyButton.html("the-result"))
                """
        case .failure(let missing):
            return """
                <p class="dim">There is none, <code>\(missing.cause.rawValue)</code>: \(missing.detail ?? missing.cause.sentence)</p>
                """
        }
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
            return "<p class=\"dim\">There is none: \(job.whyNoLog.detail ?? job.whyNoLog.cause.sentence)</p>"
        }
        return """
            <div class="scroll" role="group" aria-label="Last lines of the log" tabindex="0">\
            \(LogView(job: job, attempt: log.log.attempt).list(log.lines))</div>
            """
    }
}

/// Why it died or does not move, with the evidence and what helps.
struct VerdictView {
    let job: Job
    let verdict: Verdict?
    let assets: Assets

    var content: HTML? {
        verdict.map { verdict in
            let proof = verdict.evidence.map { evidence -> HTML in
                "<li><code>\(evidence.text)</code><span class=\"sub\">\(evidence.source)</span></li>"
            }
            let none: HTML = "<p class=\"dim\">None was given.</p>"
            return """
                <section class="verdict" data-s="\(job.state.style)" aria-labelledby="verdict"><div>
                <h2 class="vh" id="verdict">Verdict</h2><h3>\(job.phase == "held" ? "Why it waits" : "Why it failed")</h3>
                <p class="line">\(verdict.line)</p></div>
                <div><h3>Evidence</h3>\(proof.isEmpty ? none : "<ul class=\"proof\">\(proof)</ul>")</div>
                <div><h3>What to do</h3><p>\(verdict.remedy)</p>\(again(verdict))</div></section>
                """
        }
    }

    private func again(_ verdict: Verdict) -> HTML? {
        guard let change = verdict.changes.first else { return nil }
        let number = Int(change.value).map { Words.count($0) } ?? change.value
        let words = number + (change.name == "memory" ? " MiB" : " s")
        return """
            <p class="mt2"><a class="btn main wide" href="/jobs/new?from=\(job.idText)&amp;\(change.name)=\
            \(percentEncode(change.value))">\(assets.icon("retry"))Run again with \(words)</a></p>
            """
    }
}

import HTML
import JSON

/// What happened and when; beside it the facts of the job.
struct JobTimeline {
    let job: Job
    let details: JobDetails
    let assets: Assets
    let now: Int64

    var content: HTML {
        "<div class=\"pair\"><div><ol class=\"timeline\">\(entries)</ol>\(attempts)</div><dl class=\"facts few\">\(facts)</dl></div>"
    }

    private struct Entry {
        let at: Int64
        let state: JobState
        let word: String
        let note: String?
    }

    private var entries: [HTML] {
        var entries = [
            Entry(at: job.submittedAt, state: .named("queued"), word: "Accepted", note: "by \(job.ownerName)")
        ]
        for (index, change) in details.history.enumerated() {
            let next = details.history.dropFirst(index + 1).first?.at
            let lasted = next.map { "for " + Words.duration(milliseconds: $0 - change.at) }
            entries.append(
                Entry(at: change.at, state: .named(change.status), word: change.status, note: change.reason ?? lasted))
        }
        // Of these there is a note.
        if !["sent", "queued", "held", "checking"].contains(job.phase) {
            entries.append(Entry(at: job.phaseSince, state: job.state, word: job.state.word, note: job.phaseReason))
        }
        for note in details.notes {
            let (word, state) = note.shown
            entries.append(Entry(at: note.at, state: state, word: word, note: note.detail))
        }
        if let stop = job.stop {
            entries.append(
                Entry(at: stop.requestedAt, state: .named("checking"), word: "Stop requested", note: "by \(stop.by)"))
        }
        return entries.sorted { $0.at < $1.at }.map(line)
    }

    private func line(_ entry: Entry) -> HTML {
        let note: HTML? = entry.note.map { "<span class=\"sub\">\($0)</span>" }
        return """
            <li data-s="\(entry.state.style)">\(Instant(entry.at).element(Instant(entry.at).clock))\
            \(assets.icon(entry.state.style))<div><b>\(entry.word)</b>\(note)</div></li>
            """
    }

    private var attempts: HTML? {
        guard !details.attempts.isEmpty else { return nil }
        let rows = details.attempts.map { attempt -> HTML in
            let ran = attempt.ran(isOn: job.line.standing.isInProgress, now: now)
            let reason = [attempt.reason, attempt.statusReason].compactMap(\.self).first { !$0.isEmpty }
            return """
                <tr role="row"><th role="rowheader" scope="row">\(attempt.n)</th>
                <td role="cell" class="num" data-k="ran">\(ran)</td>
                <td role="cell" class="num" data-k="exit code">\(attempt.exitCode.map(String.init) ?? "none")</td>
                <td role="cell" class="c-why">\(reason)</td></tr>
                """
        }
        return """
            <div class="scroll mt5" role="group" aria-label="Attempts" tabindex="0"><table class="stack" role="table">
            <caption>Attempts</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Attempt</th>
            <th role="columnheader" scope="col" class="num">Ran</th><th role="columnheader" scope="col" class="num">Exit code</th>
            <th role="columnheader" scope="col">Reason</th></tr></thead><tbody role="rowgroup">\(rows)</tbody></table></div>
            """
    }

    private var facts: [HTML] {
        let waited = (job.startedAt ?? (job.isSettled ? nil : now)).map {
            Words.duration(milliseconds: $0 - job.submittedAt)
        }
        let ran = job.line.ran(now: now).map { Words.duration(milliseconds: $0) }
        let noRun = job.phase == "lost" ? "not known" : job.isSettled ? "–" : "not yet"
        var facts: [HTML] = [
            fact("Owner", "\(job.ownerName)"),
            fact(
                "Environment",
                job.seesEnvironment
                    ? "<a href=\"/environments/\(job.environment.id.lower)\">\(job.environment.name)</a>"
                    : "\(job.environment.name)"),
        ]
        if job.line.children == nil {
            facts.append(fact("Exit code", value(job.exitCodeOrMissing.map { String($0) })))
        }
        facts += [fact("Waited", "\(waited ?? "–")"), fact("Ran", "\(ran ?? noRun)")]
        facts.append(fact("AWS’s reason", value(job.statusReasonOrMissing)))
        if let latest = job.startBefore, job.providerJobID == nil {
            facts.append(
                fact("Send before", Instant(latest).element("\(Instant(latest).date) \(Instant(latest).clock) UTC")))
        }
        if let peak = job.outcome.map(EvaluationRecord.init)?.peakMemory {
            facts.append(fact("Peak memory", "\(Words.size(peak))"))
        }
        if let cpu = job.outcome?["cpuMilliseconds"]?.integer {
            facts.append(fact("CPU time", "\(Words.oneDecimal(Double(cpu) / 1000)) s"))
        }
        let tags = job.tags.members?.map { tag -> HTML in
            "<span class=\"tag\">\(tag.name)\(tag.value.string.flatMap { $0.isEmpty ? nil : ":" + $0 })</span> "
        }
        if let tags, !tags.isEmpty { facts.append(fact("Tags", "\(tags)")) }
        return facts + [
            wide("JobUUID", "<code>\(job.idText)</code>"), wide("AWS’s job id", providerID),
            wide("Queue", "<code>\(job.jobQueue)</code>"), wide("Region and account", "\(job.region), \(job.account)"),
        ]
    }

    private var providerID: HTML {
        switch job.providerIDOrMissing {
        case .success(let id): "<code>\(id)</code>"
        case .failure(let why) where why.cause == .notStarted: "<span class=\"dim\">none: not sent yet</span>"
        case .failure: "<span class=\"dim\">none: AWS has never taken it</span>"
        }
    }

    private func value(_ result: Result<String, Missing>) -> HTML {
        switch result {
        case .success(let text): "<code>\(text)</code>"
        case .failure(let missing): "<span class=\"dim\">none: \(missing.detail ?? missing.cause.sentence)</span>"
        }
    }

    private func fact(_ name: String, _ value: HTML) -> HTML { "<div><dt>\(name)</dt><dd>\(value)</dd></div>" }
    private func wide(_ name: String, _ value: HTML) -> HTML {
        "<div class=\"wide\"><dt>\(name)</dt><dd>\(value)</dd></div>"
    }
}

/// What the job was given: code, input files, variables.
struct JobCodeView {
    let job: Job
    let inputs: [(name: String, size: Int64)]

    var content: HTML {
        let files = inputs.map { file -> HTML in "<li><code>\(file.name)</code>, \(Words.size(file.size))</li>" }
        let variables = job.variables.members?.map { pair -> HTML in
            "<div><dt><code>\(pair.name)</code></dt><dd><code>\(pair.value.string)</code></dd></div>"
        }
        let fileList: HTML? = files.isEmpty ? nil : "<h3>Input files</h3><ul class=\"prose\">\(files)</ul>"
        let variableList: HTML? =
            variables?.isEmpty == false ? "<h3>Variables</h3><dl class=\"rows\">\(variables ?? [])</dl>" : nil
        return """
            <p>\(Language(rawValue: job.language)?.word)</p>
            <div class="scroll" role="group" aria-label="Code" tabindex="0"><pre id="the-code">
            \(LogText.lines(code))</pre></div>\(CopyButton.html("the-code"))\(fileList)\(variableList)
            """
    }

    private var code: String {
        if let argv = job.argv { return argv.joined(separator: "\n") }
        return String(decoding: (job.source ?? []).prefix(100_000), as: UTF8.self)
    }
}

import HTML

struct NewJobView {
    let entry: NewJobEntry
    let environments: [BatchEnvironment]
    let environment: BatchEnvironment?
    let assets: Assets
    let formToken: String
    var problems: [Failure.Problem] = []
    var effective: EffectiveSettings?
    var hasCredential = true
    /// What would hold the job up.
    var warnings: [SubmissionWarning] = []
    var isChecked = false
    /// How the list would be cut, where it can be.
    var plan: ArrayPlan?
    /// Names of another job's input files, which must be added anew.
    var filesToAdd: [String] = []
    /// Of this environment, to be chosen from.
    var unused: [Upload] = []
    /// The map whose list is taken.
    var mapBefore: Job?

    private var fields: FormFields { FormFields(assets: assets, problems: problems.map(MapFields.placed)) }

    /// The first button is the one that Enter presses in any field: out of sight, it does as the one at the end.
    var content: HTML {
        guard !environments.isEmpty else {
            return """
                <div class="head"><h1>New job</h1></div>
                <p class="empty">There is no environment that you may use. An admin can grant you one.</p>
                """
        }
        return """
            <div class="head"><h1>New job</h1></div>
            <form method="post" action="/jobs/new" enctype="multipart/form-data" novalidate>\(FormToken.input(formToken))
            <button class="vh" name="do" value="submit" tabindex="-1" aria-hidden="true">Submit job</button>
            <input type="hidden" name="key" value="\(entry.key)">
            <div class="with-aside"><div class="flow">
            \(fields.summary("Nothing was sent. Everything you entered is still here."))\(verdict)\(notes)
            \(LocalNote.html(isLocal: environment?.isLocal == true, assets: assets))
            \(section("s-what", "What", nil, what))
            \(section("s-code", "Code", codeNote, CodeFields(entry: entry, fields: fields, environment: environment).content))
            \(section("s-map", "Map", MapFields.note, "\(noMap)\(map)"))
            \(environment.flatMap(NewJobCredential.init).map { section("s-who", "Credential", $0.note, $0.content(fields)) })
            \(section("s-files", "Input files", "In the working directory before the code runs.", files))
            \(section("s-settings", "Settings", "Inherited takes the definition’s value.", settings))
            </div>\(aside.content)</div>
            <div class="submit"><button class="btn main" name="do" value="submit">Submit job</button>
            <button class="btn" name="do" value="check">\(assets.icon("ok"))Check only</button>
            <span class="small dim">Check only shows the values in effect and sends nothing. A job is sent at most once, even \
            if you press twice.</span></div></form>
            """
    }

    private var aside: NewJobAside {
        NewJobAside(
            effective: effective, environment: environment,
            children: entry.map.jobType == "Array" ? plan?.children : 1)
    }

    private var noMap: HTML? { withoutRunner("there is nothing to call for each element.") }

    /// Where there can be none, only what was filled in before that was known.
    private var map: HTML? {
        if noMap != nil, !entry.map.isBegun { return nil }
        return MapFields(
            entry: entry.map, fields: fields, plan: plan, environment: environment, before: mapBefore,
            uploads: unused.filter(\.isList)
        ).content
    }

    private func section(_ id: String, _ title: String, _ note: HTML?, _ body: HTML) -> HTML {
        let note: HTML? = note.map { "<p>\($0)</p>" }
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2>\(note)</div>
            <div class="flow">\(body)</div></section>
            """
    }

    private var verdict: HTML? {
        guard isChecked, problems.isEmpty else { return nil }
        if warnings.contains(where: \.stops) {
            return """
                <div class="note" data-s="warn">\(assets.icon("warn"))<div><strong>The job itself fits, but it would wait.</strong> \
                Nothing was sent.</div></div>
                """
        }
        return """
            <div class="note" data-s="ok">\(assets.icon("ok"))<div><strong>Everything fits.</strong> Nothing was sent; the \
            values in effect stand beside.</div></div>
            """
    }

    private var notes: HTML {
        let notes = NewJobNotes(
            environment: environment, hasCredential: hasCredential, warnings: warnings, assets: assets)
        return notes.content
    }

    private var what: HTML {
        let options = environments.map { one -> HTML in
            let selected: HTML? = one.id == environment?.id ? " selected" : nil
            let disabled: HTML? = one.isEnabled ? nil : ", disabled"
            return "<option value=\"\(one.name)\"\(selected)>\(one.name)\(disabled)</option>"
        }
        let hint = environment.map { "\($0.region), signed by \($0.signer.word)" }
        let show: HTML? =
            environments.count > 1
            ? "<button class=\"btn small\" name=\"do\" value=\"show\">Show this environment’s values</button>" : nil
        return """
            <div class="row">\(fields.field("environment", "Environment", hint: hint) { tied in
                "<select \(tied) data-reload>\(options)</select>"
            })
            \(fields.text("name", "Name", entry.name, hint: "Yours to choose; need not be unique"))</div>\(show)
            """
    }

    private var codeNote: HTML? {
        environment?.definition.map { "The definition’s image is <code>\($0.image)</code>." }
    }

    /// Said where files or a map would be filled in.
    private func withoutRunner(_ sentence: String) -> HTML? {
        guard environment?.hasRunner == false else { return nil }
        return "<p class=\"small\">\(BatchEnvironment.withoutRunner) \(sentence)</p>"
    }

    private var files: HTML {
        let rows = entry.files.map { file -> HTML in
            """
            <tr><th scope="row">\(file.name)<input type="hidden" name="upload" value="\(file.text)"></th>
            <td class="num">\(Words.size(file.size))</td><td class="num"><button class="btn small" name="do" \
            value="remove \(file.upload.lower)">Remove<span class="vh"> \(file.name)</span></button></td></tr>
            """
        }
        let table: HTML? =
            rows.isEmpty
            ? nil
            : """
            <table><caption class="vh">Input files</caption><thead><tr><th scope="col">Name</th><th scope="col" class="num">\
            Size</th><th scope="col"><span class="vh">Change</span></th></tr></thead><tbody>\(rows)</tbody></table>
            """
        let none = withoutRunner("there is nothing that fetches input files, or keeps files that the command writes.")
        if let none, rows.isEmpty { return none }
        let limit = environment.map { "Up to \(Words.size($0.limits.inlineBytes)) each." }
        let wanted: HTML? =
            filesToAdd.isEmpty
            ? nil
            : """
            <p class="small">The job before had these, to be added again: \(filesToAdd.joined(separator: ", "))</p>
            """
        return """
            \(none)\(table)\(wanted)<div class="drop">\(fields.field("inputFiles", "Add files", hint: limit, full: true) { tied in
                "<input type=\"file\" multiple \(tied)>"
            })</div>\(larger)
            """
    }

    /// What takes a larger file, in a tab of its own, so that nothing typed here is left behind; and what came of it.
    private var larger: HTML? {
        guard let environment, environment.limits.uploadBytes > environment.limits.inlineBytes else { return nil }
        let taken = Set(entry.files.map(\.upload))
        let choices = unused.filter { !taken.contains($0.id) }.map { upload -> HTML in
            let file = NewJobEntry.File(upload: upload.id, name: upload.name, size: upload.size ?? 0)
            return """
                <label><input type="checkbox" name="upload" value="\(file.text)">\(file.name) \
                <span class="dim">\(Words.size(file.size))</span></label>
                """
        }
        let picks: HTML? =
            choices.isEmpty
            ? nil
            : """
            <fieldset class="field full mt4"><legend>Uploaded before, in no job yet</legend>
            <div class="choice">\(choices)</div></fieldset>
            """
        return """
            \(picks)<p class="small">A larger file, up to \(Words.size(environment.limits.uploadBytes)): \
            <a href="/uploads/new?environment=\(environment.name)" target="_blank" rel="noopener">upload it straight to the \
            bucket</a> (opens a new tab), then <button class="btn small" name="do" value="show">Show what was uploaded</button>
            </p>
            """
    }

    private var settings: HTML {
        let definition = environment?.definition
        let limits = environment?.limits
        func hint(_ value: Int?, _ most: Int?) -> String {
            "Inherited or a whole number. Definition: \(value.map { Words.count($0) } ?? "not read yet"). At most \(most.map { Words.count($0) } ?? "unknown")."
        }
        let time =
            definition.map { $0.timeout.map { "Definition: \(Words.count($0))." } ?? "The definition sets none." } ?? ""
        return """
            <div class="row">\(fields.text("vcpuCount", "VCPUCount", entry.vcpuCount, hint: hint(definition?.vcpus, limits?.vcpus)))
            \(fields.text("gpuCount", "GPUCount", entry.gpuCount, hint: hint(definition?.gpus, limits?.gpus)))</div>
            <div class="row">\(fields.text(
                "memory", "Memory", entry.memory,
                hint: "Automatic, Inherited, 8 GiB, 512 MiB, or a number of MiB. The job is killed above it."))
            \(fields.text(
                "timeConstraint", "Time limit, in seconds", entry.timeConstraint,
                hint: "For each attempt, at least 60. \(time)", extra: "inputmode=\"numeric\" autocomplete=\"off\""))</div>
            \(fields.text(
                "startBefore", "Send before (UTC)", entry.startBefore,
                hint: "If it could not be sent by then, it never is. Empty: it waits as long as it takes.",
                extra: "type=\"datetime-local\" autocomplete=\"off\""))
            \(fields.area("env", "Variables", entry.env, 3, "NAME=value, one a line. Everybody who sees the job sees them."))
            \(fields.text("tags", "Tags", entry.tags, hint: "Words or name:value, separated by spaces"))
            """
    }
}

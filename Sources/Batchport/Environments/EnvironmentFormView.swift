import FoundationEssentials
import HTML

/// The form to make or edit an environment.
struct EnvironmentFormView {
    let form: EnvironmentForm
    /// Nil for a new one.
    let environment: BatchEnvironment?
    /// The asker's own, which alone can be shared.
    let credentials: [Credential]
    let problems: [Failure.Problem]
    let assets: Assets
    let formToken: String
    let proof: HTML?

    private var fields: FormFields { FormFields(assets: assets, problems: problems) }
    private var path: String { environment.map { "/environments/\($0.id.lower)/edit" } ?? "/environments" }
    var title: String { environment.map { "Edit \($0.name)" } ?? "New environment" }

    var content: HTML {
        let crumb: HTML? = environment.map { "<li><a href=\"/environments/\($0.id.lower)\">\($0.name)</a></li>" }
        let version: HTML? = environment.map {
            "<input type=\"hidden\" name=\"version\" value=\"\($0.version)\">"
        }
        return """
            <ol class="crumbs"><li><a href="/environments">Environments</a></li>\(crumb)</ol>
            <div class="head"><h1>\(title)</h1></div>
            <form method="post" action="\(path)" novalidate>\(FormToken.input(formToken))\(version)<div class="flow">
            \(fields.summary("Nothing was stored. Everything but sealed values is still here."))
            \(section("s-what", "What", "How people find it.", what))
            \(section("s-where", "Where", "Region and account come from the two ARNs, which must agree.", place))
            \(section("s-who", "Identity", "Whose AWS identity signs (ServiceObject).", identity))
            \(section("s-grants", "Who may use it", nil, grants))
            \(section("s-memory", "Memory rule", memoryNote, memory))
            \(section("s-limits", "Limits", "An empty field is no limit.", limits))
            \(section("s-tags", "Tags and variables", "Every job there gets them.", tags))
            \(proof)</div><div class="submit"><button class="btn main">\(environment == nil ? "Make it" : "Save")</button>
            <span class="small dim">It is checked at AWS at once; what is found stands on its page.</span></div></form>
            """
    }

    private let memoryNote: HTML = """
        Memory <b>Automatic</b> is the largest of the definition’s, vCPUs times the first, GPUs times the second, and the \
        third number, in MiB.
        """

    private func section(_ id: String, _ title: String, _ note: HTML?, _ body: HTML) -> HTML {
        let note: HTML? = note.map { "<p>\($0)</p>" }
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2>\(note)</div>
            <div class="flow">\(body)</div></section>
            """
    }

    private func text(_ name: String, _ label: String, _ hint: String? = nil, extra: HTML = "autocomplete=\"off\"")
        -> HTML
    {
        fields.text(name, label, form[name], hint: hint, extra: extra)
    }

    private func number(_ name: String, _ label: String, _ hint: String? = nil) -> HTML {
        text(name, label, hint, extra: "inputmode=\"numeric\" autocomplete=\"off\"")
    }

    private func area(_ name: String, _ label: String, _ hint: String, _ text: String) -> HTML {
        fields.field(name, label, hint: hint, full: true) { tied in
            """
            <textarea class="mono" \(tied) rows="3" spellcheck="false" autocapitalize="off" autocomplete="off">
            \(text)</textarea>
            """
        }
    }

    private var what: HTML {
        let choices = Language.allCases.map { language -> HTML in
            let checked: HTML? = form.languages.contains(language.rawValue) ? " checked" : nil
            return """
                <label><input type="checkbox" name="languages" value="\(language.rawValue)"\(checked)>\(language.word)</label>
                """
        }
        let fault = problems.first { $0.pointer == "/languages" }
        let error: HTML? = fault.map { "<span class=\"err\">\(assets.icon("warn"))<span>\($0.message)</span></span>" }
        return """
            <div class="row">\(text("name", "Name", "Small letters, digits and hyphens"))
            \(text("description", "Description", "What it is for"))</div>
            <fieldset class="field full\(fault == nil ? "" : " bad")" id="languages"><legend>Languages</legend>\
            <span class="hint">Those that the definition’s image has. Without the runner in it, only Command is offered.</span>\
            \(error)<div class="choice">\(choices)</div></fieldset>
            """
    }

    private var place: HTML {
        """
        <div class="row">\(text("ioBucket", "IOBucket", "The bucket’s name, not its ARN"))
        \(text("prefix", "Prefix", "In front of every key, such as batchport/"))</div>
        \(text("jobDefinition", "JobDefinition", "Its ARN; without a revision the newest active one is taken",
            extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
        \(text("jobQueue", "JobQueue", "Its ARN", extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
        """
    }

    private var identity: HTML {
        let shared = options(form["serviceObject"], kept: environment?.credential)
        let fixed = [
            ("Automatic", "Automatic: each person’s own default credential"),
            ("New", "New: a credential entered for each submission"),
        ]
        .map { option($0.0, $0.1, form["serviceObject"]) }
        let custodians = options(form["custodian"], kept: environment?.custodian)
        return """
            \(fields.field("serviceObject", "Signs", hint: "Of an admin’s credentials, one can be shared: used by all, seen by nobody") {
                "<select \($0)>\(fixed)\(shared)</select>"
            })
            \(fields.field(
                "custodian", "Custodian",
                hint: "Tracks, reads logs, serves downloads and deletes, once a job’s own credential is gone. With New it also reads the job definition, before which nothing can be sent") {
                "<select \($0)>\(option("", "None", form["custodian"]))\(custodians)</select>"
            })
            """
    }

    private func options(_ chosen: String, kept: UUID?) -> [HTML] {
        var found = credentials.map { credential in
            option(credential.id.lower, "\(credential.name) (\(credential.words))", chosen)
        }
        if let kept, !credentials.contains(where: { $0.id == kept }) {
            found.append(option(kept.lower, "The present one, of another admin", chosen))
        }
        return found
    }

    private func option(_ value: String, _ word: String, _ chosen: String) -> HTML {
        let selected: HTML? = value == chosen ? " selected" : nil
        return "<option value=\"\(value)\"\(selected)>\(word)</option>"
    }

    private var grants: HTML {
        let checked: HTML? = form.isForEveryone ? " checked" : nil
        return """
            <div class="choice"><label><input type="checkbox" name="everyone" value="yes"\(checked)>Everyone</label>
            <label>who then sees <select name="everyoneSees">\(option("own", "their own jobs", form["everyoneSees"]))\
            \(option("team", "their teams' jobs", form["everyoneSees"]))\(option("all", "all jobs", form["everyoneSees"]))\
            </select></label></div>
            \(area(
                "grants", "People and teams",
                "E-mail addresses and names of teams, one a line; they see their own jobs, or more: genomics: team, ada@example.org: all",
                form["grants"]))
            """
    }

    private var memory: HTML {
        """
        <div class="row">\(number("mibPerVCPU", "MiB for each vCPU"))\(number("mibPerGPU", "MiB for each GPU"))
        \(number("floorMiB", "MiB at least"))</div>
        """
    }

    private var limits: HTML {
        """
        <div class="row">\(number("memory", "Memory, MiB"))\(number("vcpuCount", "vCPUs"))\(number("gpuCount", "GPUs"))</div>
        <div class="row">\(number("timeConstraint", "Time, seconds", "Each attempt"))
        \(number("arraySize", "Children of an array", "At most 10,000"))</div>
        <div class="row">\(number("concurrentJobs", "Jobs at once"))
        \(number("concurrentJobsPerPerson", "Jobs at once, each person"))</div>
        <div class="row">\(number("jobsPerDay", "Jobs in 24 hours"))
        \(number("jobsPerDayPerPerson", "Jobs in 24 hours, each person"))</div>
        <div class="row">\(number("inlineBytes", "File through Batchport, bytes", "Larger ones go straight to the bucket"))
        \(number("uploadBytes", "File at all, bytes"))</div>
        """
    }

    private var tags: HTML {
        let sealed = form.kept.union((environment?.variables ?? [:]).filter(\.value.isSealed).keys)
        let stored = sealed.sorted().map { name -> HTML in
            let checked: HTML? = form.kept.contains(name) ? " checked" : nil
            return
                "<label><input type=\"checkbox\" name=\"kept\" value=\"\(name)\"\(checked)><code>\(name)</code></label>"
        }
        let keep: HTML? =
            stored.isEmpty
            ? nil
            : """
            <fieldset class="field full"><legend>Sealed variables that stay</legend><div class="choice">\(stored)</div>\
            </fieldset>
            """
        return """
            \(area("forcedTags", "Tags", "name=value, one a line; at most \(TagRules.mostForced)", form["forcedTags"]))
            \(area("variables", "Variables", "NAME=value, one a line. Everybody who may use it sees them.", form["variables"]))
            \(keep)\(area(
                "sealed", "Sealed variables, new or anew",
                "NAME=value, one a line. They reach the job and no page. Without the runner they also stand in AWS’s own record of the job.",
                ""))
            """
    }
}

extension BatchEnvironment.Variable {
    var isSealed: Bool {
        if case .sealed = self { true } else { false }
    }
}

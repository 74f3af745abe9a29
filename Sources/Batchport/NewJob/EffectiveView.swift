import HTML
import JSON

/// The values in effect and where each comes from, read from the document that a job records (`EffectiveSettings.json`).
struct EffectiveView {
    let effective: JSONValue

    struct Term {
        let name: String
        let value: Int
        let won: Bool
    }

    /// What `Automatic` weighed, in MiB.
    var terms: [Term] {
        let memory = effective["memory"]
        let winner = memory?["term"]?.string
        return [("definition", "definition"), ("vcpus", "vCPUs"), ("gpus", "GPUs"), ("floor", "floor")].compactMap {
            key, name in
            memory?["terms"]?[key]?.integer.map { Term(name: name, value: $0, won: key == winner) }
        }
    }

    var termList: HTML {
        let most = max(1, terms.map(\.value).max() ?? 1)
        let items = terms.map { term -> HTML in
            let won: HTML? = term.won ? " class=\"won\"" : nil
            let word: HTML? = term.won ? "won" : nil
            return """
                <li\(won)><span>\(term.name)</span><svg aria-hidden="true"><rect class="bar-bg" width="100%" height="8" \
                rx="1"/><rect class="seg" data-s="submitted" width="\(term.value * 100 / most)%" height="8" rx="1"/></svg>\
                <span class="num">\(Words.count(term.value)) MiB</span><span>\(word)</span></li>
                """
        }
        return "<ul class=\"terms mt2\">\(items)</ul>"
    }

    func value(_ name: String) -> String? { effective[name]?["value"]?.integer.map { Words.count($0) } }

    func source(_ name: String) -> String {
        switch effective[name]?["source"]?.string {
        case "asked"?: "asked"
        case "automatic"?: "automatic"
        case "environment"?: "environment’s limit"
        case "person"?: "own limit"
        default: "definition"
        }
    }

    var definition: String? {
        effective["definition"]?.string?.split(separator: "/").last.map(String.init)
    }

    /// What Fargate's steps made of the memory.
    var rounding: HTML? {
        effective["memory"]?["roundedFrom"]?.integer.map {
            " <span class=\"dim\">raised from \(Words.count($0)) MiB, to the next step that Fargate has</span>"
        }
    }

    /// As it was read, and when.
    var provenance: HTML? {
        definition.map { name in
            let asOf: HTML? = effective["asOf"]?.string.flatMap(Instant.init(rfc3339:)).map {
                ", read \($0.element($0.clock)) UTC"
            }
            return "Definition <code>\(name)</code>\(asOf)."
        }
    }
}

/// A job's settings: asked for, in effect, and why.
struct SettingsTable {
    let job: Job

    private var view: EffectiveView { EffectiveView(effective: job.effective) }

    var content: HTML {
        """
        <div class="scroll" role="group" aria-labelledby="settings" tabindex="0"><table class="stack" role="table">
        <caption class="vh">Settings asked for and in effect</caption><thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">Setting</th><th role="columnheader" scope="col">Asked</th>
        <th role="columnheader" scope="col" class="num">In effect</th>
        <th role="columnheader" scope="col">Where it comes from</th></tr></thead><tbody role="rowgroup">
        \(row("Memory", job.settings["memory"]?.string, view.value("memory").map { $0 + " MiB" }, memory))
        \(row("VCPUCount", job.settings["vcpuCount"]?.string, view.value("vcpus"), from("vcpus")))
        \(row("GPUCount", job.settings["gpuCount"]?.string, view.value("gpus"), from("gpus")))
        \(row(
            "Time limit", job.timeConstraint.map { Words.count($0) + " s" } ?? "nothing",
            view.value("timeConstraint").map { $0 + " s" } ?? "none", time))
        </tbody></table></div>
        """
    }

    private var memory: HTML {
        view.source("memory") == "automatic"
            ? "The largest of four terms\(view.rounding): \(view.termList)" : from("memory")
    }

    private var time: HTML {
        job.timeLimit == nil ? "Neither you nor the definition sets one" : "\(from("timeConstraint")); for each attempt"
    }

    private func from(_ name: String) -> HTML {
        switch view.source(name) {
        case "asked": "Asked"
        case "definition": "The definition"
        case "own limit": "The owner’s own limit"
        default: "The environment’s limit"
        }
    }

    private func row(_ name: String, _ asked: String?, _ value: String?, _ why: HTML) -> HTML {
        """
        <tr role="row"><th role="rowheader" scope="row">\(name)</th><td role="cell" data-k="asked">\(asked)</td>
        <td role="cell" class="num" data-k="in effect"><b>\(value)</b></td><td role="cell" class="c-why">\(why)</td></tr>
        """
    }
}

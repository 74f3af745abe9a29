import HTML

/// The values that would hold, beside the form.
struct NewJobAside {
    let effective: EffectiveSettings?
    let environment: BatchEnvironment?
    /// Nil where it is not known yet how many an array would have.
    let children: Int?

    var content: HTML {
        """
        <aside aria-labelledby="before" class="flow"><div class="est flow"><h2 id="before">Before it is sent</h2>\(values)\(limits)</div>
        </aside>
        """
    }

    private var limits: HTML? {
        environment.map { "<h3>Most that is allowed</h3>\(NewJobLimits(limits: $0.limits).content)" }
    }

    private var values: HTML {
        guard let effective else {
            return (environment?.whyNotReady).map { "<p>\($0.message)</p>" }
                ?? "<p class=\"dim\">Mend the settings to see the values in effect.</p>"
        }
        let time: HTML =
            effective.time.value.map { seconds in
                "<b>\(Words.count(seconds)) s</b> <span class=\"dim\">\(EffectiveView(effective: effective.json).source("timeConstraint"))</span>"
            } ?? "<b>none</b> <span class=\"dim\">neither you nor the definition sets one</span>"
        let view = EffectiveView(effective: effective.json)
        let terms: HTML? =
            effective.memory.source == .automatic
            ? "<div><p class=\"small\">Memory is Automatic, the largest of:</p>\(view.termList)</div>" : nil
        return """
            <h3>In effect</h3><dl class="rows small">
            <div><dt>VCPUCount</dt><dd><b>\(effective.vcpuText)</b> <span class="dim">\(view.source("vcpus"))</span></dd></div>
            <div><dt>GPUCount</dt><dd><b>\(effective.gpus.value)</b> <span class="dim">\(view.source("gpus"))</span></dd></div>
            <div><dt>Memory</dt><dd><b>\(Words.count(effective.memory.value)) MiB</b> \
            <span class="dim">\(view.source("memory"))</span>\(view.rounding)</dd></div>
            <div><dt>Time limit</dt><dd>\(time)</dd></div></dl>\(terms)
            \(Estimate(effective, jobs: children ?? 1).content(isPerChild: children == nil))
            <p class="small dim">\(view.provenance)</p>
            """
    }
}

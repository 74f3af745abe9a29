import HTML

struct EnvironmentView {
    let environment: BatchEnvironment
    let jobs: [(state: String, count: Int)]
    let assets: Assets
    let formToken: String
    let mayCheck: Bool
    let now: Int64

    var title: String {
        switch environment.isHealthy {
        case nil: "Not checked – \(environment.name)"
        case true?: "Works – \(environment.name)"
        case false?: "Needs mending – \(environment.name)"
        }
    }

    private var path: String { "/environments/" + environment.id.lower }

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/environments">Environments</a></li></ol>
        <div class="head"><div><h1>\(environment.name)</h1><p class="says">\(environment.about)</p></div>
        <div class="acts"><a class="btn main" href="/jobs/new?environment=\(environment.name)">\(assets.icon("plus"))\
        New job here</a>\(checkButton)</div></div>
        \(localNote)
        \(section("health", "Health", "What the last check saw.", health))
        \(section("now", "Jobs now", "Those you may see.", jobsNow))
        \(section("identity", "Identity", "Whose AWS identity signs what this environment does.", identity))
        \(section("limits", "Limits", "The form shows them before anything is sent.", limits))
        """
    }

    private func section(_ id: String, _ title: String, _ note: String, _ body: HTML) -> HTML {
        """
        <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2><p>\(note)</p></div>
        <div class="flow">\(body)</div></section>
        """
    }

    private var localNote: HTML? {
        LocalNote.html(isLocal: environment.isLocal, assets: assets)
    }

    private var checkButton: HTML? {
        mayCheck
            ? """
            <form method="post" action="\(path)/check">\(FormToken.input(formToken))<button class="btn">Check now</button>\
            </form>
            """ : nil
    }

    private var health: HTML {
        let items = environment.findings.map { finding -> HTML in
            let state = finding.ok ? "ok" : "error"
            let remedy: HTML? = finding.ok ? nil : finding.remedy.map { "<span class=\"sub\">\($0)</span>" }
            return """
                <div><dt><span class="state" data-s="\(state)">\(assets.icon(finding.ok ? "ok" : "warn"))\(finding.name)\
                </span></dt><dd>\(finding.detail)\(remedy)</dd></div>
                """
        }
        let list: HTML? = items.isEmpty ? nil : "<dl class=\"rows\">\(items)</dl>"
        return "<p>\(EnvironmentHealth(environment, assets: assets, now: now).badge)</p>\(list)"
    }

    private var jobsNow: HTML {
        guard !jobs.isEmpty else { return "<p class=\"dim\">None on their way.</p>" }
        let items = jobs.map { job -> HTML in
            let state = JobState.named(job.state)
            return """
                <li><a href="/jobs?q=env%3A\(environment.name)%20status%3A\(state.key)" data-s="\(state.key)">\
                <b>\(Words.count(job.count))</b> \(state.badge(assets))</a></li>
                """
        }
        return "<ul class=\"counts\">\(items)</ul>"
    }

    private var identity: HTML {
        let signs: HTML =
            environment.credential == nil
            ? "<p><b>Yours:</b> each person's own default credential signs for their jobs.</p>"
            : """
            <p><b>A shared credential.</b> Everyone who may use this environment uses it through the environment; nobody \
            can see it.</p>
            """
        return """
            \(signs)
            <dl class="facts">
            <div class="wide"><dt>Bucket</dt><dd><code>\(environment.ioBucket)</code>, under <code>\(environment.prefix)\
            </code></dd></div>
            <div class="wide"><dt>Job definition</dt><dd><code>\(environment.definition?.arn ?? environment.jobDefinition)\
            </code></dd></div>
            <div class="wide"><dt>Job queue</dt><dd><code>\(environment.jobQueue)</code></dd></div>
            <div><dt>Region</dt><dd>\(environment.region)</dd></div>
            <div><dt>Account</dt><dd>\(environment.account)</dd></div>
            <div><dt>Languages</dt><dd>\(environment.languages.map(\.word).joined(separator: ", "))</dd></div>
            </dl>
            """
    }

    private var limits: HTML {
        let limits = environment.limits
        let time = limits.seconds.map { "\(Words.count($0)) s" } ?? "no limit"
        let rule = environment.memoryRule
        return """
            <dl class="facts">
            <div><dt>Memory</dt><dd>\(Words.count(limits.memoryMiB)) MiB</dd></div>
            <div><dt>vCPUs</dt><dd>\(limits.vcpus)</dd></div><div><dt>GPUs</dt><dd>\(limits.gpus)</dd></div>
            <div><dt>Time, each attempt</dt><dd>\(time)</dd></div>
            <div><dt>Input file through Batchport</dt><dd>\(Words.size(limits.inlineBytes))</dd></div>
            </dl>
            <p>Memory <b>Automatic</b> is the largest of: the definition's memory, \(Words.count(rule.mibPerVCPU)) MiB for \
            each vCPU, \(Words.count(rule.mibPerGPU)) MiB for each GPU, and \(Words.count(rule.floorMiB)) MiB.</p>
            """
    }
}

/// Said wherever the built-in region stands in for AWS.
enum LocalNote {
    static func html(isLocal: Bool, assets: Assets) -> HTML? {
        isLocal
            ? """
            <div class="note" data-s="info">\(assets.icon("info"))<div><strong>This is the local region, not AWS.</strong> \
            Jobs run on the portal's own machine, for trying and for tests.</div></div>
            """ : nil
    }
}

import HTML
import JSON

struct EnvironmentView {
    let environment: BatchEnvironment
    let jobs: [(state: String, count: Int)]
    let grants: [EnvironmentGrant]
    /// For whoever manages it.
    let history: EnvironmentHistory?
    let assets: Assets
    let formToken: String
    let mayManage: Bool
    let now: Int64

    var title: String {
        if !environment.isEnabled { return "Disabled – \(environment.name)" }
        return switch environment.isHealthy {
        case nil: "Not checked – \(environment.name)"
        case true?: "Works – \(environment.name)"
        case false?: "Needs mending – \(environment.name)"
        }
    }

    private var path: String { "/environments/" + environment.id.lower }

    var content: HTML {
        let testJob: HTML? =
            mayManage ? "<a class=\"btn\" href=\"\(TestJob.address(in: environment))\">Test job</a>" : nil
        let newJob: HTML? =
            environment.isEnabled
            ? """
            \(testJob)<a class="btn main" href="/jobs/new?environment=\(environment.name)">\(assets.icon("plus"))New job here</a>
            """ : nil
        return """
            <ol class="crumbs"><li><a href="/environments">Environments</a></li></ol>
            <div class="head"><div><h1>\(environment.name)</h1><p class="says">\(environment.about)</p></div>
            <div class="acts">\(newJob)\(management.buttons)</div></div>
            \(disabledNote)\(LocalNote.html(isLocal: environment.isLocal, assets: assets))
            \(section("health", "Health", "What the last check saw.", health))
            \(section("now", "Jobs now", "Those you may see.", jobsNow))
            \(section("who", "Who may use it", nil, who))
            \(section("identity", "Identity", "Whose AWS identity signs what this environment does.", EnvironmentFacts(environment).identity))
            \(section("limits", "Limits", "The form shows them before anything is sent.", EnvironmentFacts(environment).limits))
            \(section("gets", "Tags and variables", "Every job there gets them.", EnvironmentFacts(environment).given))
            \(history.map { section("versions", "Versions", "Who changed what.", EnvironmentVersionsView(history: $0, now: now).content) })
            \(mayManage ? section("manage", "Manage", nil, management.content) : nil)
            """
    }

    private var management: EnvironmentManagement {
        EnvironmentManagement(environment: environment, formToken: formToken, mayManage: mayManage)
    }

    private func section(_ id: String, _ title: String, _ note: HTML?, _ body: HTML) -> HTML {
        let note: HTML? = note.map { "<p>\($0)</p>" }
        return """
            <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2>\(note)</div>
            <div class="flow">\(body)</div></section>
            """
    }

    private var disabledNote: HTML? {
        if environment.isEnabled { return nil }
        let message: HTML? = environment.disabledMessage.isEmpty ? nil : "<p>\(environment.disabledMessage)</p>"
        return """
            <div class="note" data-s="warn">\(assets.icon("warn"))<div><strong>Disabled: no new jobs are taken here.</strong>
            \(message)</div></div>
            """
    }

    private var health: HTML {
        let items = environment.findings.enumerated().map { index, finding -> HTML in
            let state = finding.ok ? "ok" : "error"
            let remedy: HTML? = finding.ok ? nil : finding.remedy.map { "<span class=\"sub\">\($0)</span>" }
            let policy: HTML? = finding.policy.map { text in
                """
                <div class="policy"><div class="scroll" role="group" aria-label="Policy" tabindex="0">\
                <pre id="policy-\(index)">\(text)</pre></div>\(CopyButton.html("policy-\(index)"))</div>
                """
            }
            return """
                <div><dt><span class="state" data-s="\(state)">\(assets.icon(finding.ok ? "ok" : "warn"))\(finding.name)\
                </span></dt><dd>\(finding.detail)\(remedy)\(policy)</dd></div>
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
        return "<ul class=\"counts\">\(items)</ul>\(full)"
    }

    /// A limit may have been lowered below what is there.
    private var full: HTML? {
        let count = jobs.reduce(0) { $0 + $1.count }
        guard mayManage, let most = environment.limits.concurrentJobs, count >= most else { return nil }
        return """
            <p>\(Words.count(count)) of at most \(Words.count(most)) at once: no new one is taken until fewer are on their \
            way. Those that are go on.</p>
            """
    }

    private var who: HTML {
        if grants.isEmpty { return "<p class=\"dim\">Nobody. You see it because you manage it.</p>" }
        let items = grants.map { grant -> HTML in
            let sees: HTML? =
                switch grant.sees {
                case .own: nil
                case .team: " <span class=\"tag\">sees the team's jobs</span>"
                case .all: " <span class=\"tag\">sees all jobs</span>"
                }
            switch grant.to {
            case .everyone: return "<li><b>Everyone</b> who is signed in\(sees)</li>"
            case .team: return "<li>The team <b>\(grant.name)</b>\(sees)</li>"
            case .person:
                if grant.name.isEmpty { return "<li>You\(sees)</li>" }
                return "<li>\(grant.name) <span class=\"dim\">\(grant.email)</span>\(sees)</li>"
            }
        }
        return "<ul class=\"plain\">\(items)</ul>"
    }
}

/// Said wherever the built-in region stands in for AWS.
enum LocalNote {
    static let region = "us-local-1"

    static func html(isLocal: Bool, assets: Assets) -> HTML? {
        isLocal
            ? """
            <div class="note" data-s="info">\(assets.icon("info"))<div><strong>This is the local region, not AWS.</strong> \
            Jobs run on the portal's own machine, for trying and for tests.</div></div>
            """ : nil
    }
}

import HTML

struct EnvironmentListView {
    let environments: [BatchEnvironment]
    let assets: Assets
    let now: Int64
    var mayAdd = false

    var content: HTML {
        """
        <div class="head"><div><h1>Environments</h1>
        <p class="says">Where jobs can run, and whose AWS identity signs there.</p></div>\(addButton)</div>
        \(table)
        """
    }

    private var addButton: HTML? {
        mayAdd
            ? """
            <div class="acts"><a class="btn" href="/environments/set-up">Set up AWS</a>
            <a class="btn main" href="/environments/new">\(assets.icon("plus"))New environment</a></div>
            """ : nil
    }

    private var table: HTML {
        guard !environments.isEmpty else {
            return "<p class=\"empty\">None that you may use. An admin can grant you one.</p>"
        }
        return """
            <div class="scroll mt5" role="group" aria-label="Environments" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Environments you may use</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">Region and account</th>
            <th role="columnheader" scope="col">Definition</th><th role="columnheader" scope="col">Languages</th>
            <th role="columnheader" scope="col">Health</th></tr></thead>
            <tbody role="rowgroup">\(environments.map(line))</tbody></table></div>
            """
    }

    private func line(_ environment: BatchEnvironment) -> HTML {
        let local: HTML? = environment.isLocal ? " <span class=\"tag\">not AWS</span>" : nil
        return """
            <tr role="row"><th role="rowheader" scope="row">\
            <a href="/environments/\(environment.id.lower)">\(environment.name)</a>\(local)\
            <span class="sub">\(environment.about)</span></th>
            <td role="cell" data-k="region">\(environment.region)<span class="sub">\(environment.account)</span></td>
            <td role="cell" data-k="definition"><code>\(environment.definition?.shortName ?? "not read yet")</code></td>
            <td role="cell" data-k="languages">\(environment.usableLanguages.map(\.word).joined(separator: ", "))</td>
            <td role="cell" class="c-state">\(EnvironmentHealth(environment, assets: assets, now: now).badge)</td></tr>
            """
    }
}

/// An environment's last check in one line.
struct EnvironmentHealth {
    let badge: HTML

    init(_ environment: BatchEnvironment, assets: Assets, now: Int64) {
        let shown: (word: String, icon: String, state: String) =
            if !environment.isEnabled {
                ("Disabled", "warn", "warn")
            } else {
                switch environment.isHealthy {
                case nil where environment.checkedAt != nil: ("Not checked with your key", "checking", "checking")
                case nil: ("Not checked yet", "checking", "checking")
                case true?: ("Works", "ok", "ok")
                case false?: ("\(environment.findings.count { !$0.ok }) to mend", "warn", "error")
                }
            }
        let age: HTML? = environment.checkedAt.map {
            "<span class=\"sub\">checked \(Words.duration(milliseconds: now - $0)) ago</span>"
        }
        badge = """
            <span class="state" data-s="\(shown.state)">\(assets.icon(shown.icon))\(shown.word)</span>\(age)
            """
    }
}

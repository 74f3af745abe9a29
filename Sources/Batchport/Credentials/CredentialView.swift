import FoundationEssentials
import HTML

struct CredentialView {
    let fields: FormFields
    let credentials: [Credential]
    let entry: AccessKeyEntry
    let portal: ShownPortal
    let formToken: String
    let proof: HTML?
    let vaultIsOpen: Bool
    let seal: VaultSeal?
    let now: Int64

    var title: String {
        let bad = credentials.count { $0.health == .refused || $0.health == .unreadable }
        return bad > 0 ? "\(bad) refused – Credentials" : "Credentials"
    }

    var content: HTML {
        """
        <div class="head"><div><h1>Your credentials</h1>
        <p class="says">Secrets can be written and replaced here, never read back. The pages you see cannot open them; only the \
        workers can.</p></div></div>
        \(sealedNote)
        <section class="sec" aria-labelledby="vault"><div class="side"><h2 id="vault">Vault</h2>
        <p>Each is checked when it is saved, and daily. Where an environment says Automatic, your default one for its \
        account signs.</p></div>\(table)</section>
        <section class="sec" aria-labelledby="add-role"><div class="side"><h2 id="add-role">Add a role</h2></div>
        <p>Better than a key: nothing secret is stored, and each use gets a session that ends within the hour. \
        <a href="/credentials/roles">Add a role to assume</a></p></section>
        <section class="sec" aria-labelledby="add"><div class="side"><h2 id="add">Add an access key</h2>
        <p>For an IAM user of your own. It is sealed before it is stored.</p></div>\(form)</section>
        """
    }

    private var sealedNote: HTML? {
        if let seal { return seal.note(fields.assets) }
        return vaultIsOpen
            ? nil
            : """
            <div class="note" data-s="warn">\(fields.assets.icon("warn"))<div><strong>The vault is closed just now.</strong>
            <p class="mt2">The worker has not shown lately that it can open it. Credentials can be added again once it has.\
            </p></div></div>
            """
    }

    private var table: HTML {
        guard !credentials.isEmpty else {
            return """
                <p class="empty">No credential yet. Environments that sign with a shared one need none of yours.</p>
                """
        }
        return """
            <div class="scroll" role="group" aria-labelledby="vault" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Credentials in your vault</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">Identity</th>
            <th role="columnheader" scope="col">Health</th><th role="columnheader" scope="col" class="num">Last used</th>
            <th role="columnheader" scope="col"><span class="vh">Change</span></th></tr></thead>
            <tbody role="rowgroup">\(credentials.map(line))</tbody></table></div>
            """
    }

    private func line(_ credential: Credential) -> HTML {
        let shown = credential.health.shown(lacks: !credential.lacks.isEmpty)
        let place: HTML? = credential.account.map { " for \($0)" }
        let isDefault: HTML? = credential.isDefault ? " <span class=\"tag\">default\(place)</span>" : nil
        let identity: HTML =
            credential.arn.map { arn in
                "<code>\(arn)</code><span class=\"sub\">account \(credential.account ?? "unknown")</span>"
            } ?? "<span class=\"dim\">not known until it is checked</span>"
        let detail = said(credential)
        let trust: HTML? = trustPolicy(credential)
        let checked: HTML? = credential.checkedAt.map {
            "<span class=\"sub\">checked \(Words.duration(milliseconds: now - $0)) ago</span>"
        }
        let used =
            credential.lastUsedAt.map { Words.duration(milliseconds: now - $0) + " ago" } ?? "never"
        return """
            <tr role="row"><th role="rowheader" scope="row">\(credential.name)\(isDefault)\(what(credential))\(age(credential))\(next(credential))</th>
            <td role="cell" class="c-why">\(identity)\(uses(credential))</td>
            <td role="cell" class="c-state"><span class="state" data-s="\(shown.state)">\(fields.assets.icon(shown.icon))\
            \(shown.word)</span>\(detail)\(trust)\(checked)</td>
            <td role="cell" class="num" data-k="used">\(used)</td>
            <td role="cell" class="num"><div class="acts">\(button("check", "Check now", credential))\
            \(replace(credential))\(makeDefault(credential))\(button("delete", "Delete", credential))</div></td></tr>
            """
    }

    /// Asked whose it is, AWS says that and no more.
    private func said(_ credential: Credential) -> HTML? {
        if let detail = credential.detail { return "<span class=\"sub\">\(detail)</span>" }
        guard credential.health == .ok, let arn = credential.arn else { return nil }
        let lacks = credential.lacks.map { lack -> HTML in "<span class=\"sub\">\(lack)</span>" }
        return """
            <span class="sub">Signs as \(arn); what it may do is checked in each environment.</span>\(lacks)
            """
    }

    private func what(_ credential: Credential) -> HTML {
        switch credential.kind {
        case .accessKey(let hint, let end):
            let left: HTML? = end.map { end in
                end > now
                    ? ", ends in \(Words.duration(milliseconds: end - now))"
                    : ", ended \(Words.duration(milliseconds: now - end)) ago"
            }
            return "<span class=\"sub\">Access key ending \(hint), \(credential.region)\(left)</span>"
        case .role(let arn, _):
            return "<span class=\"sub\">Role <code>\(arn)</code>, \(credential.region)</span>"
        }
    }

    /// A role's sessions are new each hour; a key gets old.
    private func age(_ credential: Credential) -> HTML? {
        guard case .accessKey = credential.kind else { return nil }
        let milliseconds = now - credential.secretSince
        let words = Words.duration(milliseconds: milliseconds)
        guard milliseconds > Credential.oldMilliseconds else { return "<span class=\"sub\">secret \(words) old</span>" }
        return """
            <span class="sub"><span class="state" data-s="warn">\(fields.assets.icon("warn"))\(words) old</span> \
            <a href="\(Self.path(credential))">Replace it with a new one</a>, or with a role.</span>
            """
    }

    private static func path(_ credential: Credential) -> String { "/credentials?replace=" + credential.id.lower }

    private func makeDefault(_ credential: Credential) -> HTML? {
        credential.isDefault ? nil : button("default", "Make default", credential)
    }

    private func replace(_ credential: Credential) -> HTML? {
        guard case .accessKey = credential.kind else { return nil }
        return """
            <a class="btn small" href="\(Self.path(credential))">Replace<span class="vh"> the secret of \(credential.name)\
            </span></a>
            """
    }

    /// What became of a new secret.
    private func next(_ credential: Credential) -> HTML? {
        if let hint = credential.next {
            return """
                <span class="sub"><span class="state" data-s="checking">\(fields.assets.icon("checking"))A new key ending \
                \(hint) is being checked</span>; until then the one before signs.</span>
                """
        }
        return credential.nextTrouble.map { sentence in
            """
            <span class="sub"><span class="state" data-s="error">\(fields.assets.icon("failed"))The new key was not taken</span> \
            \(sentence) The one before is kept.</span>
            """
        }
    }

    private func uses(_ credential: Credential) -> HTML? {
        let names = credential.environments.map { name -> HTML in
            "<a href=\"/jobs?q=env%3A\(name)\">\(name)</a> "
        }
        let environments: HTML? =
            names.isEmpty
            ? nil : "<span class=\"sub\">Behind the environment\(names.count == 1 ? "" : "s") \(names)</span>"
        let jobs: HTML? =
            credential.openJobs == 0
            ? nil
            : """
            <span class="sub">Signs for \(Words.count(credential.openJobs))\(credential.openJobs == 1000 ? " or more" : "") \
            unsettled job\(credential.openJobs == 1 ? "" : "s")</span>
            """
        return "\(environments)\(jobs)"
    }

    /// Where the role was refused, what it must have instead.
    private func trustPolicy(_ credential: Credential) -> HTML? {
        guard case .role(_, let externalID) = credential.kind, credential.health == .refused, let arn = portal.arn
        else { return nil }
        return RoleView.policy(
            "trust-" + credential.id.lower, "Trust policy", TrustPolicy(portal: arn, externalID: externalID).text)
    }

    private func button(_ act: String, _ word: String, _ credential: Credential) -> HTML {
        let question: HTML? =
            act == "delete"
            ? " data-confirm=\"Delete the credential? Its secret is gone at once; jobs that need it stop.\"" : nil
        return """
            <form method="post" action="/credentials/\(credential.id.lower)/\(act)"\(question)>\
            \(FormToken.input(formToken))<button class="btn small">\(word)<span class="vh"> \(credential.name)</span></button>\
            </form>
            """
    }

    private var form: HTML {
        let checked: HTML? = entry.isDefault ? " checked" : nil
        return """
            <form class="flow" method="post" action="/credentials">\(FormToken.input(formToken))
            \(fields.summary("Nothing was stored. Secrets must be typed again."))
            <div class="row">\(fields.text("name", "Name", entry.name, hint: "Yours to choose"))
            \(fields.text("region", "Region", entry.region, hint: "Where it is checked, such as eu-central-1"))</div>
            \(SecretView.inputs(fields, entry))
            <div class="choice"><label><input type="checkbox" name="is_default" value="yes"\(checked)>\
            Use it where an environment of its account takes my own credential</label></div>
            \(proof)<div><button class="btn main">Add credential</button></div></form>
            """
    }
}

import FoundationEssentials
import HTML

struct CredentialView {
    let fields: FormFields
    let credentials: [Credential]
    let entry: AccessKeyEntry
    let formToken: String
    let proof: HTML?
    let vaultIsOpen: Bool
    let now: Int64

    var title: String {
        let bad = credentials.count { $0.health == .refused || $0.health == .unreadable }
        return bad > 0 ? "\(bad) refused – Credentials" : "Credentials"
    }

    var content: HTML {
        """
        <div class="head"><div><h1>Your credentials</h1>
        <p class="says">Secrets can be written here, never read back. The pages you see cannot open them; only the \
        workers can.</p></div></div>
        \(sealedNote)
        <section class="sec" aria-labelledby="vault"><div class="side"><h2 id="vault">Vault</h2>
        <p>Each is checked when it is saved.</p></div>\(table)</section>
        <section class="sec" aria-labelledby="add"><div class="side"><h2 id="add">Add an access key</h2>
        <p>For an IAM user of your own. It is sealed before it is stored.</p></div>\(form)</section>
        """
    }

    private var sealedNote: HTML? {
        vaultIsOpen
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
        let shown = credential.health.shown
        let isDefault: HTML? = credential.isDefault ? " <span class=\"tag\">default</span>" : nil
        let identity: HTML =
            credential.arn.map { arn in
                "<code>\(arn)</code><span class=\"sub\">account \(credential.account ?? "unknown")</span>"
            } ?? "<span class=\"dim\">not known until it is checked</span>"
        let detail: HTML? = credential.detail.map { "<span class=\"sub\">\($0)</span>" }
        let checked: HTML? = credential.checkedAt.map {
            "<span class=\"sub\">checked \(Words.duration(milliseconds: now - $0)) ago</span>"
        }
        let used =
            credential.lastUsedAt.map { Words.duration(milliseconds: now - $0) + " ago" } ?? "never"
        return """
            <tr role="row"><th role="rowheader" scope="row">\(credential.name)\(isDefault)<span class="sub">Access key \
            ending \(credential.hint), \(credential.region)</span></th>
            <td role="cell" class="c-why">\(identity)</td>
            <td role="cell" class="c-state"><span class="state" data-s="\(shown.state)">\(fields.assets.icon(shown.icon))\
            \(shown.word)</span>\(detail)\(checked)</td>
            <td role="cell" class="num" data-k="used">\(used)</td>
            <td role="cell" class="num">\(button("check", "Check now", credential))\(button("delete", "Delete", credential))\
            </td></tr>
            """
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
            <div class="row">\(fields.text(
                "access_key_id", "Access key id", entry.accessKeyID,
                extra: "class=\"mono\" autocomplete=\"off\" spellcheck=\"false\""))
            \(fields.text(
                "secret_access_key", "Secret access key", "", extra: "type=\"password\" autocomplete=\"off\""))</div>
            \(fields.text(
                "session_token", "Session token", "", hint: "Only for temporary keys",
                extra: "type=\"password\" autocomplete=\"off\""))
            <div class="choice"><label><input type="checkbox" name="is_default" value="yes"\(checked)>\
            Use it where an environment takes my own credential</label></div>
            \(proof)<div><button class="btn main">Add credential</button></div></form>
            """
    }
}

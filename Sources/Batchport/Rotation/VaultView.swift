import HTML
import JSON

struct VaultView {
    let facts: JSONValue
    let fields: FormFields
    let formToken: String
    let proof: HTML?
    let line: HTML?

    private var rotations: [JSONValue] { facts["rotations"]?.array ?? [] }
    private var workers: [JSONValue] { facts["workers"]?.array ?? [] }
    var isRotating: Bool { rotations.contains { $0["finished"]?.bool == false } }

    var content: HTML {
        """
        <div class="head"><div><h1>Vault</h1>
        <p class="says">Secrets are sealed under keys of their owners, and those under the root key. Neither is in the \
        database.</p></div><p class="prov">\(line)</p></div>
        \(AdminTabs.html("Vault"))\(fields.summary("No key was replaced."))
        <dl class="rows mt5">
        <div><dt>Seal</dt><dd>\(seal)</dd></div>
        <div><dt>Self-test</dt><dd>\(test)</dd></div>
        <div><dt>Root key</dt><dd>\(root)</dd></div>
        <div><dt>Sealed records</dt><dd>\(Words.count(facts["records"]?.integer ?? 0))</dd></div>
        <div><dt>Credentials</dt><dd>\(health)</dd></div></dl>
        <section class="sec" aria-labelledby="replace"><div class="side"><h2 id="replace">Replace keys</h2>
        <p>Jobs go on meanwhile.</p></div>\(forms)</section>
        <section class="sec" aria-labelledby="rotations"><div class="side"><h2 id="rotations">Replacements</h2></div>\(table)\
        </section>
        """
    }

    private var seal: HTML {
        SealFacts(facts["seal"]).map { state("error", "warn", "Sealed", $0.words) }
            ?? state("ok", "ok", "Not sealed", "")
    }

    private var test: HTML {
        let seconds = facts["test"]?["seconds"]?.integer ?? .max
        let isGood = facts["test"]?["ok"]?.bool == true && seconds < 60
        let words =
            facts["test"] == nil || facts["test"] == .null
            ? "never done"
            : "\(facts["test"]?["detail"]?.string ?? "") \(Words.duration(milliseconds: Int64(seconds) * 1000)) ago"
        return state(isGood ? "ok" : "error", isGood ? "ok" : "warn", isGood ? "Opens" : "Does not open", words)
    }

    private func state(_ state: String, _ icon: String, _ word: String, _ words: String) -> HTML {
        "<span class=\"state\" data-s=\"\(state)\">\(fields.assets.icon(icon))\(word)</span> \(words)"
    }

    /// By ids, which tell nothing about the keys.
    private var root: HTML {
        let inUse = workers.first?["inUse"]?.array?.compactMap(\.string) ?? []
        if inUse.isEmpty { return "<span class=\"dim\">No worker has said lately which it has.</span>" }
        let ids = inUse.map { id -> HTML in "<code>\(id)</code> " }
        let next: HTML? = nextID.map {
            "<span class=\"sub\">Next, with \(ready) of \(Words.count(workers.count)) workers: <code>\($0)</code></span>"
        }
        return "\(ids)\(next)"
    }

    private var nextID: String? { workers.lazy.compactMap { $0["next"]?.string }.first }
    private var ready: String {
        Words.count(workers.count { worker in worker["rootIDs"]?.array?.contains { $0.string == nextID } == true })
    }

    private var health: HTML {
        let counts = facts["health"]?.members ?? []
        let words = counts.map { "\(Words.count($0.value.integer ?? 0)) \(word($0.name))" }.joined(separator: ", ")
        let old = facts["old"]?.integer ?? 0
        let note: HTML? =
            old == 0 ? nil : "<span class=\"sub\">\(Words.count(old)) access keys are older than 90 days.</span>"
        return "\(words.isEmpty ? "none" : words)\(note)"
    }

    private func word(_ health: String) -> String {
        (Credential.Health(rawValue: health) ?? .unchecked).shown.word.lowercased()
    }

    private var forms: HTML {
        if isRotating { return "<p>Keys are being replaced now.</p>" }
        let rootForm: HTML =
            nextID == nil
            ? """
            <p class="dim">To replace the root key, give each worker the new one as <code>vault.next_root_key</code> and \
            restart it. Then it can be begun here; afterwards the new one becomes <code>vault.root_key</code>.</p>
            """
            : "<div><button class=\"btn\" name=\"kind\" value=\"root\">Replace the root key</button></div>"
        return """
            <form class="flow" method="post" action="/admin/vault/rotations">\(FormToken.input(formToken))\(proof)
            <div><button class="btn" name="kind" value="owners">Replace every owner’s key</button></div>
            \(rootForm)</form>
            """
    }

    private var table: HTML {
        if rotations.isEmpty { return "<p class=\"dim\">None yet.</p>" }
        return """
            <div class="scroll" role="group" aria-labelledby="rotations" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Replacements of keys</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">What</th><th role="columnheader" scope="col">How far</th>
            <th role="columnheader" scope="col">Records</th><th role="columnheader" scope="col">Begun</th></tr></thead>
            <tbody role="rowgroup">\(rotations.map(row))</tbody></table></div>
            """
    }

    private func row(_ rotation: JSONValue) -> HTML {
        let isOver = rotation["finished"]?.bool == true
        let (done, total) = (rotation["done"]?.integer ?? 0, rotation["total"]?.integer)
        let took = Words.duration(milliseconds: Int64(rotation["seconds"]?.integer ?? 0) * 1000)
        let bar: HTML? =
            isOver
            ? nil
            : total.map { "<progress max=\"\(max(1, $0))\" value=\"\(done)\" aria-label=\"How far\"></progress> " }
        let words =
            isOver
            ? "Done in \(took)" : total.map { "\(Words.count(done)) of \(Words.count($0)) owners" } ?? "Beginning"
        let trouble: HTML? = rotation["trouble"]?.string.map { "<span class=\"sub\">\($0)</span>" }
        let unreadable = rotation["unreadable"]?.integer ?? 0
        let lost: HTML? =
            unreadable == 0
            ? nil : "<span class=\"sub\">\(Words.count(unreadable)) could not be opened and keep their old key</span>"
        let age = Words.duration(milliseconds: Int64(rotation["age"]?.integer ?? 0) * 1000)
        return """
            <tr role="row"><th role="rowheader" scope="row">\(rotation["kind"]?.string == "root" ? "Root key" : "Owners’ keys")\
            </th><td role="cell">\(bar)\(words)\(trouble)</td>
            <td role="cell" data-k="records">\(Words.count(rotation["records"]?.integer ?? 0))\(lost)</td>
            <td role="cell" data-k="begun">\(age) ago\(rotation["who"]?.string.map { ", by \($0)" } ?? "")</td></tr>
            """
    }
}

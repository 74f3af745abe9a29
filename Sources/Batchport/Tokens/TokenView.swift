import FoundationEssentials
import HTML
import PostgreSQL

struct TokenRow {
    let id: UUID
    let person: UUID
    let name: String
    let hint: String
    let scopes: [String]
    let environments: [String]
    let expires: Instant
    let usedAt: Int64?

    /// Of `tokens t`.
    static let columns: SQL = """
        t.id, t.person, t.name, t.hint, t.scopes, t.expires_at, t.last_used_at, ARRAY(
            SELECT e.name FROM environments e WHERE e.id = ANY (t.environments) ORDER BY e.name)
        """

    /// Those in force, which a limit of the site keeps few, and those that ran out within a month: somebody may wonder.
    static let listed: SQL = """
        t.revoked_at IS NULL AND t.expires_at > now() - interval '30 days'
            ORDER BY t.expires_at > now() DESC, t.created_at DESC
        """

    init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        person = try row.uuid(1)
        name = try row.text(2)
        hint = try row.text(3)
        scopes = try row.value(4, as: [String].self)
        expires = Instant(try row.milliseconds(5))
        usedAt = try row.millisecondsOptional(6)
        environments = try row.value(7, as: [String].self)
    }
}

struct TokenView {
    let fields: FormFields
    let rows: [TokenRow]
    let environments: [(id: UUID, name: String)]
    let days: Int
    let shown: String?
    let entry: TokenEntry
    let credentials: [(id: UUID, name: String)]
    let owner: TokenOwner
    let formToken: String
    let proof: HTML?
    let now: Int64

    var content: HTML {
        let list: HTML =
            rows.isEmpty
            ? "<p class=\"empty\">No token yet. Make one below.</p>"
            : Self.table(rows, at: "/tokens", formToken: formToken, labelledBy: "list", now: now)
        return """
            <div class="head"><div><h1>Your tokens</h1>
            <p class="says">For programs that use the JSON API as you. A token is shown once, and never again.</p></div></div>
            \(Self.justMade(shown, fields.assets))
            <section class="sec" aria-labelledby="list"><div class="side"><h2 id="list">In use</h2></div>\(list)</section>
            <section class="sec" aria-labelledby="add"><div class="side"><h2 id="add">New token</h2>
            <p>Good for \(days) days unless you say otherwise.</p></div>\(form)</section>
            """
    }

    static func justMade(_ secret: String?, _ assets: Assets) -> HTML? {
        secret.map { secret in
            """
            <div class="note" data-s="ok">\(assets.icon("ok"))<div><strong>Copy it now; it is not shown again.</strong>
            <p class="mt2"><code id="new-token">\(secret)</code> \(CopyButton.html("new-token"))</p></div></div>
            """
        }
    }

    /// - Parameter path: below it, `/ID/revoke`.
    static func table(
        _ rows: [TokenRow], at path: String, formToken: String, labelledBy heading: String, now: Int64
    ) -> HTML {
        let lines = rows.map { row -> HTML in
            let used = row.usedAt.map { Words.duration(milliseconds: now - $0) + " ago" } ?? "never"
            let within: HTML? =
                row.environments.isEmpty
                ? nil : "<span class=\"sub\">in \(row.environments.joined(separator: ", ")) only</span>"
            return """
                <tr role="row"><th role="rowheader" scope="row">\(row.name)<span class="sub">ends in \(row.hint)</span></th>
                <td role="cell" data-k="may">\(row.scopes.joined(separator: " "))\(within)</td>
                <td role="cell" data-k="used">\(used)</td>
                <td role="cell" data-k="expires">\(row.expires.element(row.expires.date))</td>
                <td role="cell" class="num"><form method="post" action="\(path)/\(row.id.lower)/revoke" \
                data-confirm="Revoke the token? Programs that use it stop at once.">\
                \(FormToken.input(formToken))<button class="btn small danger">Revoke<span class="vh"> \(row.name)</span></button>\
                </form></td></tr>
                """
        }
        return """
            <div class="scroll" role="group" aria-labelledby="\(heading)" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Tokens</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">May</th>
            <th role="columnheader" scope="col">Last used</th><th role="columnheader" scope="col">Expires</th>
            <th role="columnheader" scope="col"><span class="vh">Change</span></th></tr></thead>
            <tbody role="rowgroup">\(lines)</tbody></table></div>
            """
    }

    static func scopes(_ fields: FormFields, _ chosen: Set<String>, for owner: TokenOwner) -> HTML {
        let choices = TokenScope.choices(for: owner).map { scope -> HTML in
            let checked: HTML? = chosen.contains(scope.rawValue) ? " checked" : nil
            return """
                <label><input type="checkbox" name="scopes" value="\(scope.rawValue)"\(checked)><span>\(scope.rawValue) \
                <span class="hint">\(scope.meaning)</span></span></label>
                """
        }
        return fields.choices("scopes", "<legend>It may</legend>", isStacked: true, choices)
    }

    static func days(_ fields: FormFields, _ typed: String) -> HTML {
        fields.text(
            "days", "Days", typed, hint: "How long it lives", extra: "inputmode=\"numeric\" autocomplete=\"off\"")
    }

    /// Which environments it is limited to, where there is more than one to choose.
    static func within(
        _ fields: FormFields, _ environments: [(id: UUID, name: String)], chosen: [String]
    ) -> HTML? {
        guard environments.count > 1 || !chosen.isEmpty else { return nil }
        let boxes = environments.map { environment -> HTML in
            let checked: HTML? = chosen.contains(environment.id.lower) ? " checked" : nil
            return """
                <label><input type="checkbox" name="environments" value="\(environment.id.lower)"\(checked)>\
                <span>\(environment.name)</span></label>
                """
        }
        return fields.choices(
            "environments", "<legend>Only in</legend>", hint: "None chosen: in all that its owner may use", boxes)
    }

    private var credential: HTML? {
        if credentials.isEmpty { return nil }
        let options = credentials.map { credential -> HTML in
            let selected: HTML? = credential.id.lower == entry.credential ? " selected" : nil
            return "<option value=\"\(credential.id.lower)\"\(selected)>\(credential.name)</option>"
        }
        return fields.field(
            "credential", "Credential", hint: "For credentials:replace alone: whose secret it may replace"
        ) { tied in
            "<select \(tied)><option value=\"\">None</option>\(options)</select>"
        }
    }

    private var form: HTML {
        """
        <form class="flow" method="post" action="/tokens">\(FormToken.input(formToken))
        \(fields.summary("No token was made."))
        \(fields.text("name", "Name", entry.name, hint: "What will use it"))
        \(Self.scopes(fields, entry.scopes, for: owner))
        \(credential)
        \(Self.within(fields, environments, chosen: entry.environments))\(Self.days(fields, entry.days))
        \(proof)<div><button class="btn main">Make token</button></div></form>
        """
    }
}

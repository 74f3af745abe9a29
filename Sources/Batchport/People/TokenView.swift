import FoundationEssentials
import HTML
import PostgreSQL

struct TokenRow {
    let id: UUID
    let name: String
    let hint: String
    let scopes: [String]
    let expires: Instant
    let used: String

    init(_ row: borrowing Row, now: Int64) throws {
        id = try row.value("id")
        name = try row.value("name")
        hint = try row.value("hint")
        scopes = try row.value("scopes")
        expires = Instant(try row.milliseconds("expires_at"))
        used =
            try row.millisecondsOptional("last_used_at").map { Words.duration(milliseconds: now - $0) + " ago" }
            ?? "never"
    }
}

struct TokenView {
    let fields: FormFields
    let rows: [TokenRow]
    let shown: String?
    let name: String
    let chosen: Set<String>
    let formToken: String
    let asksPassword: Bool

    var content: HTML {
        """
        <div class="head"><div><h1>Your tokens</h1>
        <p class="says">For programs that use the JSON API as you. A token is shown once, and never again.</p></div></div>
        \(justMade)
        <section class="sec" aria-labelledby="list"><div class="side"><h2 id="list">In use</h2></div>\(table)</section>
        <section class="sec" aria-labelledby="add"><div class="side"><h2 id="add">New token</h2>
        <p>Good for 90 days.</p></div>\(form)</section>
        """
    }

    private var justMade: HTML? {
        shown.map { secret in
            """
            <div class="note" data-s="ok">\(fields.assets.icon("ok"))<div><strong>Copy it now; it is not shown again.</strong>
            <p class="mt2"><code id="new-token">\(secret)</code> \(CopyButton.html("new-token"))</p></div></div>
            """
        }
    }

    private var table: HTML {
        guard !rows.isEmpty else { return "<p class=\"empty\">No token yet. Make one below.</p>" }
        let lines = rows.map { row -> HTML in
            """
            <tr role="row"><th role="rowheader" scope="row">\(row.name)<span class="sub">ends in \(row.hint)</span></th>
            <td role="cell" data-k="may">\(row.scopes.joined(separator: " "))</td>
            <td role="cell" data-k="used">\(row.used)</td>
            <td role="cell" data-k="expires">\(row.expires.element(row.expires.date))</td>
            <td role="cell" class="num"><form method="post" action="/tokens/\(row.id.lower)/revoke" \
            data-confirm="Revoke the token? Programs that use it stop at once.">\
            \(FormToken.input(formToken))<button class="btn small danger">Revoke<span class="vh"> \(row.name)</span></button>\
            </form></td></tr>
            """
        }
        return """
            <div class="scroll" role="group" aria-labelledby="list" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Your tokens</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">May</th>
            <th role="columnheader" scope="col">Last used</th><th role="columnheader" scope="col">Expires</th>
            <th role="columnheader" scope="col"><span class="vh">Change</span></th></tr></thead>
            <tbody role="rowgroup">\(lines)</tbody></table></div>
            """
    }

    private var form: HTML {
        let choices = TokenScope.allCases.map { scope -> HTML in
            let checked: HTML? = chosen.contains(scope.rawValue) ? " checked" : nil
            return """
                <label><input type="checkbox" name="scopes" value="\(scope.rawValue)"\(checked)><span>\(scope.rawValue) \
                <span class="hint">\(scope.meaning)</span></span></label>
                """
        }
        let password: HTML? =
            asksPassword
            ? fields.text(
                "your_password", "Your password", "", hint: "Asked again, since you signed in a while ago",
                extra: "type=\"password\" autocomplete=\"current-password\"") : nil
        return """
            <form class="flow" method="post" action="/tokens">\(FormToken.input(formToken))
            \(fields.summary("No token was made."))
            \(fields.text("name", "Name", name, hint: "What will use it"))
            <fieldset class="field" id="scopes"><legend>It may</legend><div class="choice stack-v">\(choices)</div></fieldset>
            \(password)<div><button class="btn main">Make token</button></div></form>
            """
    }
}

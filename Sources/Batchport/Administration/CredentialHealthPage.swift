import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// Everybody's credentials and how they stand, for admins: whose, of what identity, used by what. Never a secret.
enum CredentialHealthPage {
    static let routes: [Route] = [.get("/admin/credentials", .admin, show)]
    private static let shown = 100

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let text = try call.request.query.one("after")
        let after = text.flatMap(UUID.init(uuidString:))
        if text != nil, after == nil { throw Failure.notFound }
        var lines = try scope.database.rows(
            "SELECT id, owner, owner_name, facts FROM credential_facts(\(after), \(shown + 1)::int)"
        ) { try CredentialHealthView.Line($0) }
        let hasMore = lines.count > shown
        if hasMore { lines.removeLast() }
        let view = CredentialHealthView(lines: lines, hasMore: hasMore, assets: scope.site.assets)
        return Page(title: view.title, content: view.content, section: "Admin").response(in: scope)
    }
}

struct CredentialHealthView {
    struct Line {
        let id: UUID
        let owner: UUID
        let ownerName: String
        let facts: JSONValue

        init(_ row: borrowing Row) throws {
            id = try row.uuid("id")
            owner = try row.uuid("owner")
            ownerName = try row.text("owner_name")
            facts = try JSONValue.parse(try row.json("facts").bytes)
        }

        var health: Credential.Health { Credential.Health(rawValue: facts["health"]?.string ?? "") ?? .unchecked }
        var lacks: [String] { (facts["lacks"]?.array ?? []).compactMap(\.string) }
    }

    let lines: [Line]
    let hasMore: Bool
    let assets: Assets

    var title: String {
        let bad = lines.count { $0.health == .refused || $0.health == .unreadable }
        return bad > 0 ? "\(bad) refused – Credentials’ health" : "Credentials’ health"
    }

    var content: HTML {
        """
        <div class="head"><div><h1 id="health">Credentials’ health</h1>
        <p class="says">Everybody’s saved ones, those in trouble first. Each is checked when it is saved, and daily.</p></div>
        </div>\(AdminTabs.html("Credentials"))\(table)\(pager)
        """
    }

    private var table: HTML {
        guard !lines.isEmpty else { return "<p class=\"empty mt5\">No more credentials.</p>" }
        return """
            <div class="scroll mt5" role="group" aria-labelledby="health" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Credentials and their health</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Credential</th><th role="columnheader" scope="col">Owner</th>
            <th role="columnheader" scope="col">Identity</th><th role="columnheader" scope="col">Health</th>
            <th role="columnheader" scope="col">Used by</th><th role="columnheader" scope="col" class="num">Last used</th></tr>
            </thead><tbody role="rowgroup">\(lines.map(line))</tbody></table></div>
            """
    }

    private var pager: HTML? {
        guard hasMore, let last = lines.last else { return nil }
        return """
            <div class="pager"><a class="btn" href="/admin/credentials?after=\(last.id.lower)">More credentials</a></div>
            """
    }

    private func line(_ line: Line) -> HTML {
        let facts = line.facts
        let place = facts["account"]?.string ?? "not known"
        let identity: HTML =
            facts["arn"]?.string.map { arn in "<code>\(arn)</code>" }
            ?? "<span class=\"dim\">not known until it is checked</span>"
        let isDefault: HTML? = facts["default"]?.bool == true ? " <span class=\"tag\">default</span>" : nil
        return """
            <tr role="row"><th role="rowheader" scope="row">\(facts["name"]?.string)\(isDefault)\(kind(facts))</th>
            <td role="cell" data-k="owner"><a href="/admin/people/\(line.owner.lower)">\(line.ownerName)</a></td>
            <td role="cell" class="c-why">\(identity)<span class="sub">account \(place)</span></td>
            <td role="cell" class="c-state">\(state(line))</td>
            <td role="cell" data-k="by">\(uses(facts))</td>
            <td role="cell" class="num" data-k="used">\(ago(facts["used"]) ?? "never")</td></tr>
            """
    }

    private func kind(_ facts: JSONValue) -> HTML {
        let age = facts["age"]?.integer ?? 0
        if let role = facts["role"]?.string { return "<span class=\"sub\">Role <code>\(role)</code></span>" }
        let words = Words.duration(milliseconds: Int64(age) * 1000)
        let old: HTML =
            Int64(age) * 1000 > Credential.oldMilliseconds
            ? "<span class=\"state\" data-s=\"warn\">\(assets.icon("warn"))\(words) old</span>" : "\(words) old"
        return
            "<span class=\"sub\">Access key ending \(facts["hint"]?.string), \(facts["region"]?.string), \(old)</span>"
    }

    private func state(_ line: Line) -> HTML {
        let shown = line.health.shown(lacks: !line.lacks.isEmpty)
        let detail: HTML? = line.facts["detail"]?.string.map { "<span class=\"sub\">\($0)</span>" }
        let checked: HTML? = ago(line.facts["checked"]).map { "<span class=\"sub\">checked \($0)</span>" }
        return """
            <span class="state" data-s="\(shown.state)">\(assets.icon(shown.icon))\(shown.word)</span>\(detail)\
            \(line.lacks.map { lack -> HTML in "<span class=\"sub\">\(lack)</span>" })\(checked)
            """
    }

    private func uses(_ facts: JSONValue) -> HTML {
        let places = (facts["environments"]?.array ?? []).map { place -> HTML in
            let custodian: HTML? = place["custodian"]?.bool == true ? " (custodian)" : nil
            return """
                <a href="/environments/\(place["id"]?.string)">\(place["name"]?.string)</a>\(custodian)<br>
                """
        }
        let jobs = facts["jobs"]?.integer ?? 0
        let more = jobs == 1000 ? " or more" : ""
        let words: HTML? =
            jobs == 0 ? nil : "\(Words.count(jobs))\(more) unsettled job\(jobs == 1 ? "" : "s")"
        return places.isEmpty && jobs == 0 ? "<span class=\"dim\">nothing now</span>" : "\(places)\(words)"
    }

    private func ago(_ seconds: JSONValue?) -> String? {
        seconds?.integer.map { Words.duration(milliseconds: Int64($0) * 1000) + " ago" }
    }
}

import FoundationEssentials
import HTML

struct TeamListView {
    let fields: FormFields
    let formToken: String
    let teams: [TeamLine]
    let name: String
    let proof: HTML?

    var content: HTML {
        """
        <div class="head"><div><h1>Teams</h1>
        <p class="says">An environment can be granted to a team, and show its members each other's jobs.</p></div></div>
        \(AdminTabs.html("Teams"))
        \(table)
        <section class="sec" aria-labelledby="add"><div class="side"><h2 id="add">New team</h2></div>
        <form class="flow" method="post" action="/admin/teams">\(FormToken.input(formToken))
        \(fields.summary("No team was made."))
        \(fields.text("name", "Name", name))\(proof)<div><button class="btn main">Make team</button></div></form></section>
        """
    }

    private var table: HTML {
        guard !teams.isEmpty else { return "<p class=\"empty mt5\">No team yet. Make one below.</p>" }
        let lines = teams.map { team -> HTML in
            """
            <tr role="row"><th role="rowheader" scope="row"><a href="/admin/teams/\(team.id.lower)">\(team.name)</a></th>
            <td role="cell" class="num" data-k="members">\(team.members)</td>
            <td role="cell" class="num" data-k="services">\(team.services)</td>
            <td role="cell" class="num" data-k="environments">\(team.environments)</td></tr>
            """
        }
        return """
            <div class="scroll mt5" role="group" aria-label="Teams" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Teams</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col" class="num">Members</th>
            <th role="columnheader" scope="col" class="num">Service accounts</th>
            <th role="columnheader" scope="col" class="num">Environments</th></tr></thead>
            <tbody role="rowgroup">\(lines)</tbody></table></div>
            """
    }
}

struct TeamView {
    /// Of the form that was sent, or of none.
    let fields: FormFields
    let formToken: String
    let team: Team
    let sent: SentForm?
    /// A token just made, shown this once.
    let shown: String?
    let proof: StepUp.Asked?
    let now: Int64

    private var path: String { "/admin/teams/" + team.id.lower }

    var content: HTML {
        """
        <ol class="crumbs"><li><a href="/admin/teams">Teams</a></li></ol>
        <div class="head"><div><h1>\(team.name)</h1></div></div>
        \(fields.summary("Nothing was changed."))
        \(TokenView.justMade(shown, fields.assets))
        \(section("members", "Members", "Changed on each person's page.", list(team.members, "/admin/people/", "Nobody yet.")))
        \(section("environments", "May use", "Granted on each environment's page.",
            list(team.environments, "/environments/", "No environment yet.")))
        \(section("services", "Service accounts", "Programs that sign in by token only and have what the team has.", services))
        \(section("rename", "Name", "", form("name",
            fields(of: "name").text("name", "Name", sent.typed("name", in: "name") ?? team.name),
            "<button class=\"btn\">Rename</button>")))
        \(section("delete", "Delete", "Members' jobs go on. What they saw and used through the team they no longer see or use.",
            form("delete", "", "<button class=\"btn danger\">Delete this team</button>")))
        """
    }

    private func section(_ id: String, _ title: String, _ says: String, _ body: HTML) -> HTML {
        """
        <section class="sec" aria-labelledby="\(id)-is"><div class="side"><h2 id="\(id)-is">\(title)</h2><p>\(says)</p></div>\
        <div class="flow" id="\(id)">\(body)</div></section>
        """
    }

    private func fields(of form: String) -> FormFields { fields.of(form, sent: sent?.name) }

    private func form(_ act: String, _ body: HTML, _ button: HTML) -> HTML {
        """
        <form class="flow" id="\(fields(of: act).id("form"))" method="post" action="\(path)/\(act)">\
        \(FormToken.input(formToken))\(fields(of: act).fault("form"))\(body)\(proof?.input(fields(of: act)))
        <div>\(button)</div></form>
        """
    }

    private func list(_ items: [Team.Named], _ base: String, _ none: String) -> HTML {
        guard !items.isEmpty else { return "<p class=\"dim\">\(none)</p>" }
        let links = items.map { item -> HTML in "<li><a href=\"\(base)\(item.id.lower)\">\(item.name)</a></li>" }
        return "<ul class=\"line-flex\">\(links)</ul>"
    }

    private var services: HTML {
        let each = team.services.map { service -> HTML in
            let state: HTML? = service.isDisabled ? " <span class=\"tag\">disabled</span>" : nil
            let tokens: HTML =
                service.tokens.isEmpty
                ? "<p class=\"dim\">No token.</p>"
                : TokenView.table(
                    service.tokens, at: "/admin/services/\(service.id.lower)/tokens", formToken: formToken,
                    labelledBy: "service-\(service.id.lower)", now: now)
            let more: HTML? = service.isDisabled ? nil : newToken(of: service)
            return """
                <div class="flow"><h3 id="service-\(service.id.lower)"><a href="/admin/people/\(service.id.lower)">\(service.name)</a>\
                \(state)</h3>\(tokens)\(more)</div>
                """
        }
        return """
            \(each)
            \(form("services", fields(of: "services").text("service_name", "New service account", sent.typed("service_name", in: "services") ?? ""), "<button class=\"btn\">Add it</button>"))
            """
    }

    /// The form that makes one; open where it was sent and refused.
    static func tokenForm(of service: UUID) -> String { "token-" + service.lower }

    private func newToken(of service: Team.Service) -> HTML {
        let name = Self.tokenForm(of: service.id)
        let fields = fields(of: name)
        let open: HTML? = sent?.name == name ? " open" : nil
        let environments = team.usable.map { (id: $0.id, name: $0.name) }
        let chosen = sent.ticked("environments", in: name) ?? []
        return """
            <details class="more"\(open)><summary>New token</summary>
            <form class="flow mt2" method="post" action="/admin/services/\(service.id.lower)/tokens">\
            \(FormToken.input(formToken))\(fields.text("name", "Name", sent.typed("name", in: name) ?? "", hint: "What will use it"))
            \(TokenView.scopes(fields, sent.ticked("scopes", in: name) ?? [], for: .service))
            \(TokenView.within(fields, environments, chosen: Array(chosen)))
            \(TokenView.days(fields, sent.typed("days", in: name) ?? ""))\(proof?.input(fields))
            <div><button class="btn">Make token</button></div></form></details>
            """
    }
}

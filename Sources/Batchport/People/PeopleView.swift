import FoundationEssentials
import HTML
import HTTP

struct PeopleView {
    let fields: FormFields
    let formToken: String
    let filter: PeopleFilter
    let people: [PersonLine]
    let next: PersonLine?
    let teams: [(id: UUID, name: String)]
    let invitations: [Invitation]
    let guest: OneTimeLink.Guest
    /// The invitation just made: its link is shown this once.
    let made: (email: String, address: String)?
    let proof: HTML?
    let now: Int64

    var content: HTML {
        """
        <div class="head"><div><h1>People</h1>
        <p class="says">Who may come in, as what, and in which teams.</p></div></div>
        \(AdminTabs.html("People"))
        \(justMade)
        <form class="search mt4" role="search" action="/admin/people"><div class="box">
        <label class="vh" for="q">Search people</label>\(fields.assets.icon("search"))
        <input id="q" name="q" type="search" value="\(filter.text)" autocomplete="off" spellcheck="false"></div>
        <button class="btn">Search</button></form>
        \(table)
        \(pager)
        \(open)
        <section class="sec" aria-labelledby="invite"><div class="side"><h2 id="invite">Invite somebody</h2>
        <p>You get a link to send them. It is good once.</p></div>\(form)</section>
        """
    }

    private var justMade: HTML? {
        made.map { made in
            """
            <div class="note" data-s="ok">\(fields.assets.icon("ok"))<div>
            <strong>Send this link to \(made.email); it is not shown again.</strong>
            <p class="mt2"><code id="new-link">\(made.address)</code> \(CopyButton.html("new-link"))</p></div></div>
            """
        }
    }

    private var table: HTML {
        guard !people.isEmpty else { return "<p class=\"empty mt5\">Nobody fits this search.</p>" }
        return """
            <div class="scroll mt5" role="group" aria-label="People" tabindex="0"><table class="stack" role="table">
            <caption class="vh">People, by e-mail address</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">Role</th>
            <th role="columnheader" scope="col">Teams</th><th role="columnheader" scope="col">Second factor</th>
            <th role="columnheader" scope="col">State</th></tr></thead>
            <tbody role="rowgroup">\(people.map(line))</tbody></table></div>
            """
    }

    private func line(_ person: PersonLine) -> HTML {
        let state: HTML =
            person.disabledAt.map { at in
                """
                <span class="state" data-s="warn">\(fields.assets.icon("stop"))Disabled</span>\
                <span class="sub">\(Words.duration(milliseconds: now - at)) ago</span>
                """
            } ?? "<span class=\"state\" data-s=\"ok\">\(fields.assets.icon("ok"))Active</span>"
        let role = person.isService ? "service account" : person.role
        let factor =
            person.isService ? "none needed" : person.hasFactor ? "yes" : person.role == "admin" ? "missing" : "no"
        return """
            <tr role="row"><th role="rowheader" scope="row"><a href="/admin/people/\(person.id.lower)">\(person.name)</a>\
            <span class="sub">\(person.isService ? "" : person.email)</span></th>
            <td role="cell" data-k="role">\(role)</td>
            <td role="cell" data-k="teams">\(person.teams.joined(separator: ", "))</td>
            <td role="cell" data-k="factor">\(factor)</td><td role="cell" class="c-state">\(state)</td></tr>

            """
    }

    private var pager: HTML? {
        next.map { last in
            let q = filter.text.isEmpty ? "" : "q=" + percentEncode(filter.text) + "&"
            return """
                <div class="pager"><a class="btn" href="/admin/people?\(q)after=\(percentEncode(last.email))">More people</a></div>
                """
        }
    }

    private var open: HTML? {
        guard !invitations.isEmpty else { return nil }
        let lines = invitations.map { invitation -> HTML in
            """
            <tr role="row"><th role="rowheader" scope="row">\(invitation.email)</th>
            <td role="cell" data-k="role">\(invitation.role)</td>
            <td role="cell" data-k="left">good for \(Words.duration(milliseconds: invitation.expiresAt - now))</td>
            <td role="cell" class="num"><form method="post" action="/admin/invitations/\(invitation.id.lower)/withdraw">\
            \(FormToken.input(formToken))<button class="btn small">Withdraw<span class="vh"> \(invitation.email)</span>\
            </button></form></td></tr>
            """
        }
        return """
            <section class="sec" aria-labelledby="open"><div class="side"><h2 id="open">Invited</h2></div>
            <div class="scroll" role="group" aria-labelledby="open" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Invitations that were not taken yet</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">E-mail address</th><th role="columnheader" scope="col">Role</th>
            <th role="columnheader" scope="col">Link</th>
            <th role="columnheader" scope="col"><span class="vh">Change</span></th></tr></thead>
            <tbody role="rowgroup">\(lines)</tbody></table></div></section>
            """
    }

    private var form: HTML {
        """
        <form class="flow" method="post" action="/admin/people/invite">\(FormToken.input(formToken))
        \(fields.summary("Nobody was invited."))
        <div class="row">\(fields.text("email", "E-mail address", guest.email, extra: "type=\"email\" autocomplete=\"off\" required"))
        \(fields.text("name", "Name", guest.name, extra: "autocomplete=\"off\" required"))</div>
        \(RoleChoice.html(fields, guest.role))
        \(TeamChoice.html(fields, teams, chosen: Set(guest.teams)))
        \(proof)<div><button class="btn main">Make invitation</button></div></form>
        """
    }
}

/// Member or admin.
enum RoleChoice {
    static func html(_ fields: FormFields, _ chosen: String) -> HTML {
        let choices = [
            ("member", "Member", "Submits jobs where an environment is granted"),
            ("admin", "Admin", "Sees and does everything; needs a second factor"),
        ].map { value, word, meaning -> HTML in
            let checked: HTML? = chosen == value ? " checked" : nil
            return """
                <label><input type="radio" name="role" value="\(value)"\(checked)><span>\(word) \
                <span class="hint">\(meaning)</span></span></label>
                """
        }
        return fields.choices("role", "<legend>Role</legend>", isStacked: true, choices)
    }
}

/// Any of the teams there are.
enum TeamChoice {
    static func html(_ fields: FormFields, _ teams: [(id: UUID, name: String)], chosen: Set<UUID>) -> HTML? {
        guard !teams.isEmpty else { return nil }
        let boxes = teams.map { team -> HTML in
            let checked: HTML? = chosen.contains(team.id) ? " checked" : nil
            return """
                <label><input type="checkbox" name="teams" value="\(team.id.lower)"\(checked)><span>\(team.name)</span></label>
                """
        }
        return fields.choices("teams", "<legend>Teams</legend>", boxes)
    }
}

import HTML

struct PersonView {
    /// Of the form that was sent, or of none.
    let fields: FormFields
    let formToken: String
    let person: PersonRecord
    let sent: SentForm?
    /// A recovery link just made, shown this once.
    let recovery: String?
    let proof: StepUp.Asked?
    let now: Int64

    private var path: String { "/admin/people/" + person.id.lower }

    var content: HTML {
        let parts: HTML =
            person.deletedAt != nil
            ? "<p class=\"empty\">Deleted. Jobs and the audit trail keep their place.</p>" : "\(changes)\(ending)"
        return """
            <ol class="crumbs"><li><a href="/admin/people">People</a></li></ol>
            <div class="head"><div><h1>\(person.name)</h1><p class="says">\(says)</p></div></div>
            \(fields.summary("Nothing was changed."))
            \(shownLink)
            \(behind)
            \(parts)
            <p class="mt5"><a href="/admin/audit?actor=\(person.id.lower)">What they did</a> ·
            <a href="/admin/audit?subject=\(person.id.lower)">What was done to their account</a></p>
            """
    }

    private var says: HTML {
        let factor: HTML =
            person.factorAt.map { "second factor since \(Words.duration(milliseconds: now - $0))" }
            ?? "no second factor"
        let state: HTML? = person.disabledAt.map {
            ", <b>disabled \(Words.duration(milliseconds: now - $0)) ago</b>"
        }
        return person.isService
            ? "Service account\(state)" : "\(person.email), \(person.role), \(factor)\(state)"
    }

    private var shownLink: HTML? {
        recovery.map { address in
            """
            <div class="note" data-s="ok">\(fields.assets.icon("ok"))<div>
            <strong>Give them this link; it is not shown again.</strong>
            <p class="mt2"><code id="new-link">\(address)</code> \(CopyButton.html("new-link"))</p></div></div>
            """
        }
    }

    private func section(_ id: String, _ title: String, _ says: String, _ body: HTML) -> HTML {
        """
        <section class="sec" aria-labelledby="\(id)-is"><div class="side"><h2 id="\(id)-is">\(title)</h2><p>\(says)</p></div>\
        <div class="flow">\(body)</div></section>
        """
    }

    private func fields(of form: String) -> FormFields { fields.of(form, sent: sent?.name) }

    private func form(_ name: String, to act: String? = nil, _ body: HTML, _ button: HTML) -> HTML {
        let fields = fields(of: name)
        return """
            <form class="flow" id="\(fields.id("form"))" method="post" action="\(path)/\(act ?? name)">\
            \(FormToken.input(formToken))\(fields.fault("form"))\(body)\(proof?.input(fields))
            <div>\(button)</div></form>
            """
    }

    private var changes: HTML {
        let role: HTML? =
            person.isService
            ? nil
            : section(
                "role", "Role", "A change ends their sessions.",
                form(
                    "role",
                    "\(warning)\(RoleChoice.html(fields(of: "role"), sent.typed("role", in: "role") ?? person.role))",
                    "<button class=\"btn\">Change role</button>"))
        return """
            \(role)
            \(section(
                "teams", "Teams", "An environment can be granted to a team, and show its members each other's jobs.", teams))
            \(section(
                "environments", "Manages", "Sees and aborts all jobs there, and changes the environment.", environments))
            \(section("limits", "Limits", Self.limits, form("limits", limits, "<button class=\"btn\">Change limits</button>")))
            """
    }

    private var teams: HTML {
        let ticked = sent.ticked("teams", in: "teams")
        let chosen = person.teams.filter { ticked?.contains($0.id.lower) ?? $0.isChosen }
        let choice = TeamChoice.html(
            fields(of: "teams"), person.teams.map { (id: $0.id, name: $0.name) }, chosen: Set(chosen.map(\.id)))
        let own: HTML? =
            person.isService ? "<p>A service account stays in the team that it was made in.</p>" : nil
        return choice.map { form("teams", "\(own)\($0)", "<button class=\"btn\">Change teams</button>") }
            ?? "<p><a href=\"/admin/teams\">Make a team first</a></p>"
    }

    private static let limits =
        "Of their jobs, wherever they submit; empty is no limit. An environment's own limits stay: the smaller decides."

    private var limits: HTML { PersonLimitPages.inputs(person.use, sent, fields(of: "limits")) }

    private var environments: HTML {
        guard !person.environments.isEmpty else { return "<p>There is no environment yet.</p>" }
        let ticked = sent.ticked("environments", in: "environments")
        let boxes = person.environments.map { environment -> HTML in
            let isChosen = ticked?.contains(environment.id.lower) ?? environment.isChosen
            let checked: HTML? = isChosen ? " checked" : nil
            return """
                <label><input type="checkbox" name="environments" value="\(environment.id.lower)"\(checked)>\
                <span>\(environment.name)</span></label>
                """
        }
        return form(
            "environments",
            fields(of: "environments").choices("environments", "<legend class=\"vh\">Environments</legend>", boxes),
            "<button class=\"btn\">Change</button>")
    }

    private var ending: HTML {
        if person.disabledAt != nil {
            return """
                \(section(
                    "enable", "Let in again", "Sessions and tokens stay ended.",
                    form("enable", "", "<button class=\"btn\">Enable</button>")))
                \(section(
                    "delete", "Delete", Self.deletion,
                    form("delete", "", "<button class=\"btn danger\">Delete this person</button>")))
                """
        }
        let recovery: HTML? =
            person.isService
            ? nil
            : section(
                "recovery", "Recovery link", "For a lost password or second factor. Make sure that it is they who ask.",
                form("recovery", "", "<button class=\"btn\">Make recovery link</button>"))
        let sessions: HTML? =
            person.isService
            ? nil
            : section(
                "sessions", "Sessions", "Wherever they are signed in. Tokens stay.",
                form("sessions", to: "sessions/end", "", "<button class=\"btn\">End their sessions</button>"))
        return """
            \(recovery)\(sessions)
            \(section(
                "tokens", "Tokens", "Programs that act as them stop at once. Sessions stay.",
                form(
                    "tokens", to: "tokens/end", "<p>\(Words.count(person.tokens)) in force.</p>",
                    "<button class=\"btn\">End their tokens</button>")))
            \(section(
                "disable", "Disable", "Sessions and tokens end at once.",
                form("disable", "\(warning)\(jobs)", "<button class=\"btn danger\">Disable</button>")))
            """
    }

    private static let deletion =
        "For good: their credentials are destroyed, and with the key every copy of them in a backup. Jobs stay, without a name."

    private var jobs: HTML {
        let chosen = sent.typed("jobs", in: "disable")
        let choices = [
            ("finish", "Finish", "with the credential that signs for them, or the environment's custodian"),
            ("abort", "Abort", ""),
        ].map { value, word, meaning -> HTML in
            let checked: HTML? = chosen == value ? " checked" : nil
            let hint: HTML? = meaning.isEmpty ? nil : " <span class=\"hint\">\(meaning)</span>"
            return
                "<label><input type=\"radio\" name=\"jobs\" value=\"\(value)\"\(checked)><span>\(word)\(hint)</span></label>"
        }
        return fields(of: "disable").choices(
            "jobs", "<legend>Jobs under way (\(person.unsettledJobs))</legend>", isStacked: true, choices)
    }

    // MARK: What rests on them

    private var behind: HTML? {
        guard !person.behind.isEmpty else { return nil }
        let items = person.behind.map { environment -> HTML in
            let parts = [environment.signs ? "signs" : nil, environment.looksAfter ? "custodian" : nil]
            return """
                <li><a href="/environments/\(environment.id.lower)">\(environment.name)</a> \
                <span class="dim">\(parts.compactMap(\.self).joined(separator: ", "))</span></li>
                """
        }
        return section(
            "behind", "Stands behind",
            "Environments that use their credentials. They cannot be deleted before these have others.",
            "<ul class=\"plain\">\(items)</ul>")
    }

    /// Where they cannot mend what rests on them any more.
    private var warning: HTML? {
        guard !person.behind.isEmpty else { return nil }
        let names = person.behind.map(\.name).joined(separator: ", ")
        return """
            <p><b>Their credentials stand behind \(names).</b> What runs there goes on with them; give it a credential of \
            another admin, since nobody could renew theirs.</p>
            """
    }
}

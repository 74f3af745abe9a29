import HTML

struct PersonView {
    let fields: FormFields
    let formToken: String
    let person: PersonRecord
    /// A recovery link just made, shown this once.
    let recovery: String?
    let proof: HTML?
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

    private func form(_ act: String, _ body: HTML, _ button: HTML) -> HTML {
        """
        <form class="flow" method="post" action="\(path)/\(act)">\(FormToken.input(formToken))\(body)\(proof)
        <div>\(button)</div></form>
        """
    }

    private var changes: HTML {
        let role: HTML? =
            person.isService
            ? nil
            : section(
                "role", "Role", "A change ends their sessions.",
                form("role", RoleChoice.html(person.role), "<button class=\"btn\">Change role</button>"))
        let teams = TeamChoice.html(
            person.teams.map { (id: $0.id, name: $0.name) },
            chosen: Set(person.teams.filter(\.isChosen).map(\.id)))
        return """
            \(role)
            \(section(
                "teams", "Teams", "An environment can be granted to a team, and show its members each other's jobs.",
                teams.map { form("teams", $0, "<button class=\"btn\">Change teams</button>") }
                    ?? "<p><a href=\"/admin/teams\">Make a team first</a></p>"))
            \(section(
                "environments", "Manages", "Sees and aborts all jobs there, and changes the environment.", environments))
            """
    }

    private var environments: HTML {
        guard !person.environments.isEmpty else { return "<p>There is no environment yet.</p>" }
        let boxes = person.environments.map { environment -> HTML in
            let checked: HTML? = environment.isChosen ? " checked" : nil
            return """
                <label><input type="checkbox" name="environments" value="\(environment.id.lower)"\(checked)>\
                <span>\(environment.name)</span></label>
                """
        }
        return form(
            "environments",
            """
            <fieldset class="field" id="environments"><legend class="vh">Environments</legend>\
            <div class="choice">\(boxes)</div></fieldset>
            """, "<button class=\"btn\">Change</button>")
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
                form("sessions/end", "", "<button class=\"btn\">End their sessions</button>"))
        return """
            \(recovery)\(sessions)
            \(section(
                "disable", "Disable", "Sessions and tokens end at once.",
                form("disable", jobs, "<button class=\"btn danger\">Disable</button>")))
            """
    }

    private static let deletion =
        "For good: their credentials are destroyed, and with the key every copy of them in a backup. Jobs stay, without a name."

    private var jobs: HTML {
        """
        <fieldset class="field" id="jobs"><legend>Jobs under way (\(person.unsettledJobs))</legend>
        <div class="choice stack-v"><label><input type="radio" name="jobs" value="finish"><span>Finish \
        <span class="hint">with the credential that signs for them, or the environment's custodian</span></span></label>
        <label><input type="radio" name="jobs" value="abort"><span>Abort</span></label></div></fieldset>
        """
    }
}

import FoundationEssentials
import HTML
import PostgreSQL

struct SettingsView {
    struct Session {
        let id: UUID
        let openedAt: Int64
        let seenAt: Int64
        let agent: String
        let hasFactor: Bool

        init(_ row: borrowing Row) throws {
            id = try row.uuid(0)
            openedAt = try row.milliseconds(1)
            seenAt = try row.milliseconds(2)
            agent = try row.text(3)
            hasFactor = try row.bool(4)
        }
    }

    let fields: FormFields
    let identity: Identity
    let name: String
    let sessions: [Session]
    let factor: (at: Int64?, codes: Int, teams: [String])?
    let use: PersonUse?
    let proof: HTML?
    let theme: Theme?
    let now: Int64

    var content: HTML {
        let teams = (factor?.teams ?? []).joined(separator: ", ")
        return """
            <div class="head"><div><h1>Settings</h1>
            <p class="says">\(identity.email), \(identity.role.rawValue)\(teams.isEmpty ? "" : ", in " + teams)</p></div></div>
            \(fields.summary("Nothing was changed."))
            \(section("name-is", "Name", nameForm))
            \(section("password-is", "Password", passwordForm))
            \(section("factor-is", "Second factor", factorPart))
            \(use.map { section("limits-are", "Limits", $0.list) })
            \(section("theme-is", "Theme", themeForm))
            \(section("sessions", "Where you are signed in", sessionTable))
            """
    }

    private func section(_ id: String, _ title: String, _ body: HTML) -> HTML {
        """
        <section class="sec" aria-labelledby="\(id)"><div class="side"><h2 id="\(id)">\(title)</h2></div>\
        <div class="flow">\(body)</div></section>
        """
    }

    private func form(_ path: String, _ body: HTML) -> HTML {
        "<form class=\"flow\" method=\"post\" action=\"\(path)\">\(FormToken.input(identity.formToken))\(body)</form>"
    }

    private var nameForm: HTML {
        form(
            "/settings/name",
            """
            \(fields.text("name", "Name", name, hint: "As others see it", extra: "autocomplete=\"name\" required"))
            <div><button class="btn">Change name</button></div>
            """)
    }

    private var passwordForm: HTML {
        form(
            "/settings/password",
            """
            \(fields.text(
                "old_password", "Present password", "", extra: "type=\"password\" autocomplete=\"current-password\" required"))
            \(fields.text(
                "new_password", "New password", "", hint: "At least 15 characters; a sentence is good",
                extra: "type=\"password\" autocomplete=\"new-password\" required"))
            \(identity.hasFactor ? proof : nil)
            <div><button class="btn">Change password</button></div>
            <p class="small dim">All your other sessions end. Tokens stay.</p>
            """)
    }

    private var factorPart: HTML {
        guard let at = factor?.at else {
            return """
                <p>None. With one, your password alone opens nothing.</p>
                <p><a class="btn" href="\(Enrolment.path)">Set up a second factor</a></p>
                """
        }
        let remove: HTML? =
            identity.isAdmin
            ? nil : form("/settings/second-factor/remove", "<div><button class=\"btn danger\">Remove it</button></div>")
        return """
            <p>Set up \(Words.duration(milliseconds: now - at)) ago; \(factor?.codes ?? 0) recovery codes are left.</p>
            <p><a class="btn" href="\(Enrolment.path)">Set up another</a></p>
            \(form("/settings/recovery-codes", "\(proof)<div><button class=\"btn\">Make new recovery codes</button></div>"))
            \(remove)
            """
    }

    private var themeForm: HTML {
        let choices = [("", "As the system"), ("light", "Light"), ("dark", "Dark")].map { value, word -> HTML in
            let checked: HTML? = (theme?.rawValue ?? "") == value ? " checked" : nil
            return
                "<label><input type=\"radio\" name=\"theme\" value=\"\(value)\"\(checked)><span>\(word)</span></label>"
        }
        return form(
            "/theme",
            """
            <input type="hidden" name="next" value="/settings"><fieldset class="field"><legend class="vh">Theme</legend>
            <div class="choice">\(choices)</div></fieldset><div><button class="btn">Change theme</button></div>
            """)
    }

    private var sessionTable: HTML {
        """
        <div class="scroll" role="group" aria-labelledby="sessions" tabindex="0"><table class="stack" role="table">
        <caption class="vh">Where you are signed in</caption><thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">Browser</th><th role="columnheader" scope="col">Since</th>
        <th role="columnheader" scope="col">Last used</th>
        <th role="columnheader" scope="col"><span class="vh">Change</span></th></tr></thead>
        <tbody role="rowgroup">\(sessions.map(line))</tbody></table></div>
        \(form("/settings/sessions/end-others", "<div><button class=\"btn\">Sign out everywhere else</button></div>"))
        """
    }

    private func line(_ session: Session) -> HTML {
        let isThis = identity.way.session == session.id
        let act: HTML =
            isThis
            ? "<span class=\"tag\">this one</span>"
            : form("/settings/sessions/\(session.id.lower)/end", "<button class=\"btn small danger\">Sign out</button>")
        let factor: HTML? = session.hasFactor ? "<span class=\"sub\">with second factor</span>" : nil
        return """
            <tr role="row"><th role="rowheader" scope="row">\(session.agent.isEmpty ? "unknown" : session.agent)\(factor)</th>
            <td role="cell" class="nowrap" data-k="since">\(Words.duration(milliseconds: now - session.openedAt)) ago</td>
            <td role="cell" class="nowrap" data-k="used">\(Words.duration(milliseconds: now - session.seenAt)) ago</td>
            <td role="cell" class="num">\(act)</td></tr>
            """
    }
}

extension Identity.Way {
    var session: UUID? {
        if case .session(let id, _) = self { id } else { nil }
    }
}

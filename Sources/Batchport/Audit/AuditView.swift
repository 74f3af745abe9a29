import HTML
import JSON

struct AuditView {
    let filter: AuditFilter
    let assets: Assets
    let now: Int64
    var page = AuditPage([], limit: 0)
    var head: (seq: Int, at: Int64)?
    /// Entries in one part of an export.
    var mostExported = 0

    var content: HTML {
        """
        <div class="head"><div><h1>Audit</h1>
        <p class="says">Who did what, to what, with which credential. Entries are sealed in a chain; \
        <code>batchport admin audit verify</code> proves that none was changed or removed.</p></div></div>
        \(AdminTabs.html("Audit"))
        \(fields.summary("Nothing was searched."))
        \(form)
        \(table)
        \(pager)
        """
    }

    private var fields: FormFields { FormFields(assets: assets, problems: filter.problems) }

    private var form: HTML {
        """
        <form class="flow mt4" action="/admin/audit" role="search"><div class="row">
        \(fields.text("actor", "Who", filter.actor, hint: "E-mail address or id"))
        \(fields.text("action", "Action", filter.action, hint: "Such as job.abort, or credential."))
        \(fields.text("subject", "On what", filter.subject, hint: "Id of a job, person, credential …"))
        \(fields.text("since", "From", filter.since, hint: "2026-11-22, UTC"))
        \(fields.text("until", "Before", filter.until, hint: "2026-11-23T12:00:00Z"))
        </div><div class="row"><button class="btn main">Search</button>
        \(exports)</div>\(parts)</form>
        """
    }

    private var exports: HTML {
        let more = filter.parameters.isEmpty ? "" : "&" + filter.parameters
        return """
            <a class="btn" href="/admin/audit/export?format=csv\(more)">\(assets.icon("download"))CSV</a>
            <a class="btn" href="/admin/audit/export?format=jsonl\(more)">\(assets.icon("download"))JSON Lines</a>
            """
    }

    private var parts: HTML {
        """
        <p class="small dim">The files hold what is sealed, oldest first, \(Words.count(mostExported)) entries each at most; where \
        there is more, the last line says where the next part is. <code>batchport admin audit export</code> has no limit.</p>
        """
    }

    private var table: HTML {
        guard !page.entries.isEmpty else { return "<p class=\"empty mt5\">No entry fits this search.</p>" }
        return """
            <div class="scroll mt5" role="group" aria-label="Entries, newest first" tabindex="0">
            <table class="stack" role="table"><caption class="vh">Entries, newest first</caption>
            <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col" class="num">Number</th>
            <th role="columnheader" scope="col">When, UTC</th><th role="columnheader" scope="col">Who</th>
            <th role="columnheader" scope="col">Action</th><th role="columnheader" scope="col">On what</th>
            <th role="columnheader" scope="col">More</th></tr></thead>
            <tbody role="rowgroup">\(page.entries.map(line))</tbody></table></div>
            """
    }

    private func line(_ entry: AuditEntry) -> HTML {
        let number: HTML = entry.seq.map { "\(Words.count($0))" } ?? "<span class=\"dim\">not sealed yet</span>"
        let instant = Instant(entry.at)
        return """
            <tr role="row"><td role="cell" class="num" data-k="number">\(number)</td>
            <td role="cell" class="nowrap" data-k="when">\(instant.element(instant.date))\
            <span class="sub">\(instant.clock)</span></td>
            <td role="cell" data-k="who">\(who(entry))</td>
            <th role="rowheader" scope="row" class="c-name">\(entry.action)</th>
            <td role="cell" data-k="on">\(subject(entry))</td>
            <td role="cell" data-k="more">\(detail(entry))</td></tr>

            """
    }

    private func who(_ entry: AuditEntry) -> HTML {
        let program: HTML =
            "<span class=\"sub\">by the \(entry.program == "admin" ? "command line" : entry.program)</span>"
        guard let actor = entry.actor else { return "<span class=\"dim\">nobody signed in</span>\(program)" }
        let email: HTML? = entry.actorEmail.map { "<span class=\"sub\">\($0)</span>" }
        return "<a href=\"/admin/audit?actor=\(actor.lower)\">\(entry.actorName ?? actor.lower)</a>\(email)\(program)"
    }

    private func subject(_ entry: AuditEntry) -> HTML {
        guard let id = entry.subject else { return "\(entry.subjectKind)" }
        let place: HTML? =
            switch entry.subjectKind {
            case "job": "<a href=\"/jobs/\(id.lower)\">job</a>"
            case "environment": "<a href=\"/environments/\(id.lower)\">environment</a>"
            default: "\(entry.subjectKind)"
            }
        return "\(place)<a class=\"sub\" href=\"/admin/audit?subject=\(id.lower)\">\(String(id.lower.prefix(8)))…</a>"
    }

    private func detail(_ entry: AuditEntry) -> [HTML] {
        (entry.detail.members ?? []).map { member in
            let text = member.value.string ?? member.value.text
            return "<span class=\"sub\">\(member.name): \(text)</span>"
        }
    }

    private var pager: HTML {
        let sealed: HTML? = head.map { head in
            """
            <span>\(Words.count(head.seq)) entries are sealed, the last \
            \(Words.duration(milliseconds: now - head.at)) ago.</span>
            """
        }
        let older: HTML? = page.next.map { next in
            let start = filter.parameters.isEmpty ? "" : filter.parameters + "&"
            return "<a class=\"btn\" href=\"/admin/audit?\(start)cursor=\(next)\">Older entries</a>"
        }
        return "<div class=\"pager\">\(sealed)\(older)</div>"
    }
}

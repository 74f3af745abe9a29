import HTML
import HTTP
import JSON
import PostgreSQL

/// The machinery, for admins: worker, queue, leases, calls to AWS, database, vault.
enum SystemPage {
    static let routes: [Route] = [.get("/admin/system", .admin, show)]

    private static func show(_ call: Call, _ scope: inout Scope) throws -> Response {
        let text = try scope.database.row("SELECT system_facts()") { try $0.json(0) }
        let facts = try JSONValue.parse(text?.bytes ?? [])
        let refreshing = try Refreshing(call.request)
        let view = SystemView(facts: facts, assets: scope.site.assets, line: refreshing.line(now: scope.site.now()))
        return Page(
            title: "System", content: view.content, isNarrow: true, section: "Admin", refresh: refreshing.seconds
        ).response(in: scope)
    }
}

struct SystemView {
    let facts: JSONValue
    let assets: Assets
    let line: HTML

    var content: HTML {
        """
        <div class="head"><div><h1>System</h1></div><p class="prov">\(line)</p></div>
        \(AdminTabs.html("System"))
        <dl class="rows mt5">
        <div><dt>Worker</dt><dd>\(state(house.isFresh, house.words))</dd></div>
        \(sealed)<div><dt>Vault's self-test</dt><dd>\(state(vault.isFresh, vault.words))</dd></div>
        <div><dt>Audit trail</dt><dd>\(Words.count(number("audit", "sealed"))) entries sealed, \
        \(Words.count(number("audit", "waiting"))) to be sealed</dd></div>
        <div><dt>Database</dt><dd>\(Words.size(Int64(facts["databaseBytes"]?.integer ?? 0))), schema version \
        \(facts["schema"]?.integer ?? 0) (this program needs \(PortalSchema.versions.upperBound))</dd></div>
        <div><dt>Last backup</dt><dd>\(backup)</dd></div>
        <div><dt>Program</dt><dd>Batchport \(Page.version)</dd></div></dl>
        \(table(
            "workers", "Workers", ["Machine", "Process", "Program", "Running for", "Seen", "Tasks"],
            "No worker has shown itself in a day."
        ) { row in
            [
                row["host"]?.string, row["pid"]?.integer.map(String.init), row["program"]?.string, duration(row["lives"]),
                seen(row["seconds"]), "\(row["tasks"]?.integer ?? 0) of \(row["threads"]?.integer ?? 0)",
            ]
        })
        \(table("queue", "Queue", ["Task", "State", "How many", "Oldest"], "Nothing waits.") { row in
            [row["kind"]?.string, row["state"]?.string, words(row["n"]), duration(row["seconds"])]
        })
        \(table(
            "troubles", "Troubles", ["Task", "Number", "State", "Attempts", "When", "Last error"],
            "No task that waits, or was given up within a day, has met an error."
        ) { row in
            [
                row["kind"]?.string, words(row["id"]), row["state"]?.string,
                "\(row["attempt"]?.integer ?? 0) of \(row["most"]?.integer ?? 0)", when(row), row["error"]?.string,
            ]
        })
        \(table("leases", "Leases", ["Task", "Number", "Attempt", "Runs out in"], "No task is being done.") { row in
            [row["kind"]?.string, words(row["id"]), words(row["attempt"]), duration(row["seconds"])]
        })
        \(table(
            "accounts", "Calls to AWS", ["Account", "Region", "Operation", "This hour", "A day", "Throttled", "Last", "Left alone"],
            "None has been counted yet."
        ) { row in
            [
                row["account"]?.string, row["region"]?.string, row["operation"]?.string, words(row["hour"]),
                words(row["day"]), words(row["throttles"]),
                duration(row["seconds"]).map { $0 + " ago" }, row["trouble"]?.string,
            ]
        })
        """
    }

    /// A worker ticks, and tests the vault, every few seconds.
    private var house: (isFresh: Bool, words: String) {
        guard let seconds = facts["house"]?["seconds"]?.integer else { return (false, "No worker has run yet") }
        return (seconds < 60, "The one that keeps the house was at it \(ago(seconds))")
    }

    private var backup: HTML {
        guard let backup = facts["backup"], let seconds = backup["seconds"]?.integer else {
            return state(false, "None is known: whatever makes them says so by batchport admin backed-up")
        }
        let size = Words.size(Int64(backup["bytes"]?.integer ?? 0))
        return state(seconds < 26 * 3600, "\(ago(seconds)), \(size), in \(backup["place"]?.string ?? "")")
    }

    private func seen(_ seconds: JSONValue?) -> String? {
        seconds?.integer.map { $0 < 60 ? ago($0) : "silent for " + Words.duration(milliseconds: Int64($0) * 1000) }
    }

    private var sealed: HTML? {
        SealFacts(facts["seal"]).map { "<div><dt>Vault</dt><dd>\(state(false, "Sealed \($0.words)"))</dd></div>\n" }
    }

    private var vault: (isFresh: Bool, words: String) {
        guard let seconds = facts["vault"]?["seconds"]?.integer else { return (false, "Never done") }
        guard facts["vault"]?["ok"]?.bool == true else {
            return (false, "Failed \(ago(seconds)): \(facts["vault"]?["detail"]?.string ?? "")")
        }
        return (seconds < 60, "Opened what was sealed, \(ago(seconds))")
    }

    private func state(_ isGood: Bool, _ words: String) -> HTML {
        """
        <span class="state" data-s="\(isGood ? "ok" : "error")">\(assets.icon(isGood ? "ok" : "warn"))\
        \(isGood ? "Well" : "Trouble")</span> \(words)
        """
    }

    private func number(_ part: String, _ name: String) -> Int { facts[part]?[name]?.integer ?? 0 }
    private func words(_ value: JSONValue?) -> String? { value?.integer.map { Words.count($0) } }
    private func duration(_ value: JSONValue?) -> String? {
        value?.integer.map { Words.duration(milliseconds: Int64($0) * 1000) }
    }
    /// Of a task: given up so long ago, or tried again in so long.
    private func when(_ task: JSONValue) -> String? {
        if let seconds = task["seconds"]?.integer { return "given up " + ago(seconds) }
        return task["due"]?.integer.map {
            $0 > 0 ? "again in " + Words.duration(milliseconds: Int64($0) * 1000) : "due"
        }
    }

    private func ago(_ seconds: Int) -> String { Words.duration(milliseconds: Int64(seconds) * 1000) + " ago" }

    private static let numbers: Set<String> = [
        "Process", "Running for", "How many", "Oldest", "Number", "Attempt", "Runs out in", "This hour", "A day",
        "Throttled",
    ]

    /// Numbers stand under one another.
    private static func kind(_ column: String) -> HTML? { numbers.contains(column) ? " class=\"num\"" : nil }

    private func table(
        _ name: String, _ title: String, _ columns: [String], _ nothing: String, _ cells: (JSONValue) -> [String?]
    ) -> HTML {
        let rows = facts[name]?.array ?? []
        let heads = columns.map { column -> HTML in
            "<th role=\"columnheader\" scope=\"col\"\(Self.kind(column))>\(column)</th>"
        }
        let lines = rows.map { row -> HTML in
            let parts = zip(columns, cells(row)).enumerated().map { index, cell -> HTML in
                index == 0
                    ? "<th role=\"rowheader\" scope=\"row\">\(cell.1)</th>"
                    : cell.1.map {
                        "<td role=\"cell\"\(Self.kind(cell.0)) data-k=\"\(cell.0.lowercased())\">\($0)</td>"
                    }
                        ?? "<td role=\"cell\"></td>"
            }
            return "<tr role=\"row\">\(parts)</tr>"
        }
        let body: HTML =
            rows.isEmpty
            ? "<p class=\"dim\">\(nothing)</p>"
            : """
            <div class="scroll" role="group" aria-labelledby="\(name)" tabindex="0"><table class="stack" role="table">
            <caption class="vh">\(title)</caption><thead role="rowgroup"><tr role="row">\(heads)</tr></thead>
            <tbody role="rowgroup">\(lines)</tbody></table></div>
            """
        return """
            <section class="sec" aria-labelledby="\(name)"><div class="side"><h2 id="\(name)">\(title)</h2></div>\(body)</section>
            """
    }
}

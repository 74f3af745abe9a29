import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// The site's limits: rows that an admin edits, each with its meaning and bounds.
enum LimitPages {
    static let routes: [Route] = [
        .get("/admin/limits", .admin, { _, scope in try show([:], [], &scope) }),
        .post("/admin/limits", .admin, save),
    ]

    /// All at once or nothing; what is as it was is not written.
    private static func save(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let limits = try scope.database.limits()
        var (typed, problems): ([String: String], [Failure.Problem]) = ([:], [])
        var changes: [(limit: Limit, value: Int)] = []
        for limit in limits {
            guard let text = try form.one(limit.name) else { continue }
            typed[limit.name] = text
            guard let value = Int(text.filter { $0 != " " && $0 != "," }), (limit.least...limit.most).contains(value)
            else {
                problems.append(
                    .init(
                        "/" + limit.name, "outOfRange",
                        "\(limit.name) must be a whole number from \(Words.count(limit.least)) to \(Words.count(limit.most)).",
                        limit: limit.most))
                continue
            }
            if value != limit.value { changes.append((limit, value)) }
        }
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(typed, problems, &scope) }
        let actor = try scope.identity().person
        try scope.database.transaction { database in
            _ = try database.pipeline(
                changes.flatMap { change -> [SQL] in
                    [
                        "SELECT set_limit(\(change.limit.name), \(change.value))",
                        Audit.entry(
                            by: actor, "limit.changed", on: "site", nil,
                            detail: [
                                "limit": .string(change.limit.name), "from": JSONValue(change.limit.value),
                                "to": JSONValue(change.value),
                            ]),
                    ]
                })
        }
        scope.site.rates.readAgain()
        return .redirect(to: "/admin/limits")
    }

    private static func show(
        _ typed: [String: String], _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let limits = try scope.database.limits()
        let now = scope.site.now()
        let sections = LimitSection.all.compactMap { section in
            section.html(limits.filter { section.holds($0.name) }.map { $0.field(fields, typed[$0.name], now: now) })
        }
        let proof = try StepUp.input(fields, &scope)
        let content: HTML = """
            <div class="head"><div><h1>Limits</h1>
            <p class="says">Of the whole site. Those of an environment are on its page.</p></div></div>
            \(AdminTabs.html("Limits"))
            \(fields.summary("No limit was changed."))
            <form class="flow mt5" method="post" action="/admin/limits">\(FormToken.input(try scope.identity().formToken))
            \(sections)\(proof)<div><button class="btn main">Save</button></div></form>
            """
        return Page(
            title: "Limits", content: content, status: problems.isEmpty ? 200 : 422, section: "Admin"
        ).response(in: scope)
    }
}

/// A row of `limits`.
struct Limit {
    let name: String
    let value: Int
    let meaning: String
    let least: Int
    let most: Int
    let changedAt: Int64?

    fileprivate func field(_ fields: FormFields, _ typed: String?, now: Int64) -> HTML {
        let changed = changedAt.map { ", changed \(Words.duration(milliseconds: now - $0)) ago" } ?? ""
        return fields.text(
            name, meaning, typed ?? String(value),
            hint: "\(name), \(Words.count(least)) to \(Words.count(most))\(changed)",
            extra: "inputmode=\"numeric\" autocomplete=\"off\"")
    }
}

extension Connection {
    mutating func limits() throws -> [Limit] {
        try rows("SELECT name, value, meaning, least, most, changed_at FROM limits ORDER BY name") {
            Limit(
                name: try $0.text(0), value: try $0.int(1), meaning: try $0.text(2), least: try $0.int(3),
                most: try $0.int(4), changedAt: try $0.millisecondsOptional(5))
        }
    }
}

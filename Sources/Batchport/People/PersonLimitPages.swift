import FoundationEssentials
import HTML
import HTTP
import JSON
import PostgreSQL

/// What one person is allowed wherever they submit, set by an admin.
enum PersonLimitPages {
    static let routes: [Route] = [.post("/admin/people/*/limits", .admin, change)]

    private static func change(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        var (limits, problems): (PersonLimits, [Failure.Problem]) = (PersonLimits(), [])
        for name in PersonLimits.Name.allCases {
            let text = (try form.one(name.rawValue) ?? "").filter { !$0.isWhitespace }
            if text.isEmpty { continue }
            guard let number = Int(text), name.range.contains(number) else {
                problems.append(problem(name))
                continue
            }
            limits[name] = number
        }
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try PersonPages.show(id, SentForm("limits", form, problems), &scope) }
        let (admin, json) = (try scope.identity().person, limits.json)
        try scope.database.transaction { database in
            let outcome = try database.row(
                "SELECT set_person_limits(\(id), \(JSONText(json.serialized())))"
            ) { try $0.text(0) }
            guard outcome == "done" else { throw Failure.notFound }
            try database.execute(
                Audit.entry(by: admin, "person.limitsChanged", on: "person", id, detail: ["to": json]))
        }
        return .redirect(to: "/admin/people/" + id.lower)
    }

    private static func problem(_ name: PersonLimits.Name) -> Failure.Problem {
        let (least, most) = (Words.count(name.range.lowerBound), Words.count(name.range.upperBound))
        return .init(
            "/" + name.rawValue, "outOfRange",
            "\(name.label): this must be a whole number from \(least) to \(most), or empty for no limit.",
            limit: name.range.upperBound)
    }

    /// The form's fields, with what was typed or is set.
    static func inputs(_ use: PersonUse, _ sent: SentForm?, _ fields: FormFields) -> HTML {
        let inputs = PersonLimits.Name.allCases.map { name -> HTML in
            let set = use.limits[name].map { String($0) } ?? ""
            let text = sent.typed(name.rawValue, in: "limits") ?? set
            return fields.text(
                name.rawValue, name.label, text, hint: use.words(name),
                extra: "inputmode=\"numeric\" autocomplete=\"off\"")
        }
        return "<div class=\"row\">\(inputs)</div>"
    }
}

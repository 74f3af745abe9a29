import FoundationEssentials
import HTML
import JSON
import PostgreSQL

/// A person's own limits, and how much of each is used. Only those that count jobs are used up; the others hold for each
/// job or file by itself.
struct PersonUse: Equatable {
    let limits: PersonLimits
    /// Nil of what has no limit.
    let concurrent: Int?
    let day: Int?

    init(limits: PersonLimits, concurrent: Int?, day: Int?) {
        (self.limits, self.concurrent, self.day) = (limits, concurrent, day)
    }

    /// Of the columns that `columns` names.
    init(_ row: borrowing Row) throws {
        self.init(
            limits: try PersonLimits(try row.json("limits")), concurrent: try row.intOptional("concurrent"),
            day: try row.intOptional("day"))
    }

    /// Of people `p`, with `person_use(p.id) u`.
    static let columns: SQL = "p.limits, u.concurrent, u.day"

    func used(_ name: PersonLimits.Name) -> Result<Int, Missing> {
        let count: Int? =
            switch name {
            case .concurrentJobs: concurrent
            case .jobsPerDay: day
            default: nil
            }
        if let count { return .success(count) }
        return .failure(
            Missing(
                cause: .notApplicable,
                detail: limits[name] == nil
                    ? "there is no limit that could be used up." : "it holds for each by itself, and is not used up."))
    }

    var json: JSONValue {
        .object(PersonLimits.Name.allCases.map { .init($0.rawValue, json($0)) })
    }

    private func json(_ name: PersonLimits.Name) -> JSONValue {
        var missing: [JSONValue.Member] = []
        let limit = limits[name]
        if limit == nil {
            missing.append(.init("limit", Missing(cause: .notApplicable, detail: "no limit is set.").json))
        }
        var count: Int?
        switch used(name) {
        case .success(let number): count = number
        case .failure(let why): missing.append(.init("used", why.json))
        }
        return ["limit": JSONValue(limit), "used": JSONValue(count), "missing": .object(missing)]
    }

    /// Beside a field or in a list: `3 of 5 used`. Nil where nothing is counted.
    func words(_ name: PersonLimits.Name) -> String? {
        guard let limit = limits[name], case .success(let count) = used(name) else { return nil }
        return "\(Words.count(count)) of \(Words.count(limit)) used"
    }

    /// For the person themselves.
    var list: HTML {
        let names = PersonLimits.Name.allCases.filter { limits[$0] != nil }
        if names.isEmpty {
            return "<p class=\"dim\">No limit of your own is set. Each environment says what it allows.</p>"
        }
        let rows = names.map { name -> HTML in
            let value = words(name) ?? Words.count(limits[name] ?? 0)
            return "<div><dt>\(name.label)</dt><dd>\(value)</dd></div>"
        }
        return """
            <p>Wherever you submit. An environment's own limits stay: the smaller decides.</p><dl class="rows">\(rows)</dl>
            """
    }
}

extension Connection {
    /// The asker's own.
    mutating func ownUse() throws -> PersonUse? {
        try row("SELECT \(fragment: PersonUse.columns) FROM people p, person_use(p.id) u WHERE p.id = uid()") {
            try PersonUse($0)
        }
    }
}

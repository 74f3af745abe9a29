import FoundationEssentials
import HTTP
import PostgreSQL

/// Making and editing an environment on pages.
extension EnvironmentPages {
    static func blank(_ call: Call, _ scope: inout Scope) throws -> Response {
        var entry = EnvironmentEntry()
        entry.languages = Language.allCases.map(\.rawValue)
        return try show(EnvironmentForm(entry), nil, [], &scope)
    }

    static func create(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let typed = try EnvironmentForm(form)
        var entry = EnvironmentEntry()
        typed.write(into: &entry)
        if let problem = try StepUp.problem(form, &scope) { return try show(typed, nil, [problem], &scope) }
        do {
            let id = try EnvironmentWriting(scope).create(entry, in: &scope.database)
            return .redirect(to: "/environments/" + id.lower)
        } catch let failure as Failure where failure.status == 422 {
            return try show(typed, nil, failure.problems, &scope)
        }
    }

    static func edit(_ call: Call, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        guard let environment = try scope.database.environment(id) else { throw Failure.notFound }
        let grants = try scope.database.grants(of: [id])[id] ?? []
        return try show(EnvironmentForm(EnvironmentEntry(environment, grants: grants)), environment, [], &scope)
    }

    static func save(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let typed = try EnvironmentForm(form)
        let seen = try form.one("version").flatMap { Int($0) }
        if let problem = try StepUp.problem(form, &scope) {
            return try show(typed, scope.database.environment(id), [problem], &scope)
        }
        do {
            try EnvironmentWriting(scope).change(id, seen: seen ?? 0, in: &scope.database) { typed.write(into: &$0) }
            return .redirect(to: "/environments/" + id.lower)
        } catch let failure as Failure where [412, 422].contains(failure.status) {
            let problems = failure.status == 412 ? [Failure.Problem.stale] : failure.problems
            return try show(typed, scope.database.environment(id), problems, &scope)
        }
    }

    static func show(
        _ form: EnvironmentForm, _ environment: BatchEnvironment?, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let proof = try StepUp.input(FormFields(assets: scope.site.assets, problems: problems), &scope)
        let view = EnvironmentFormView(
            form: form, environment: environment,
            credentials: identity.isAdmin ? try scope.database.credentials(of: identity.person) : [],
            problems: problems, assets: scope.site.assets, formToken: identity.formToken, proof: proof)
        let count = problems.count
        let title = count == 0 ? view.title : "\(count) \(count == 1 ? "problem" : "problems") – \(view.title)"
        return Page(
            title: title, state: count == 0 ? nil : "error", content: view.content, status: count == 0 ? 200 : 422,
            isNarrow: true, section: "Environments", isForm: true
        ).response(in: scope)
    }
}

extension Failure.Problem {
    fileprivate static let stale = Failure.Problem(
        "/name", "changed",
        "Somebody changed this environment since you opened the form. Look at what it is now, and edit that.")
}

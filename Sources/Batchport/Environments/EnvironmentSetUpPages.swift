import HTML
import HTTP

/// Setting up AWS for a new environment: the way there step by step, up to the form with a stack's outputs in it.
enum EnvironmentSetUpPages {
    static let routes: [Route] = [
        .get("/environments/set-up", .admin, blank),
        .post("/environments/import", .admin, take),
    ]

    private static func blank(_ call: Call, _ scope: inout Scope) throws -> Response { try show("", [], scope) }

    /// Stores nothing yet: whose identity signs and who may use it is still to be said.
    private static func take(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let text = try form.one("outputs") ?? ""
        do {
            var entry = EnvironmentEntry()
            entry.take(try StackOutputs(text: text))
            return try EnvironmentPages.show(EnvironmentForm(entry), nil, [], &scope)
        } catch let failure as Failure where failure.status == 422 {
            return try show(text, failure.problems, scope)
        }
    }

    private static func show(
        _ text: String, _ problems: [Failure.Problem], _ scope: borrowing Scope
    ) throws -> Response {
        let view = EnvironmentSetUpView(
            outputs: text, problems: problems, assets: scope.site.assets, formToken: try scope.identity().formToken)
        return Page(
            title: problems.isEmpty ? "Set up AWS" : "1 problem – Set up AWS", state: problems.isEmpty ? nil : "error",
            content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true, section: "Environments"
        ).response(in: scope)
    }
}

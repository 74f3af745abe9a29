import HTML
import HTTP

/// Setting up AWS for a new environment: the way there step by step, up to the form with a stack's outputs in it.
enum EnvironmentSetUpPages {
    static let routes: [Route] = [
        .get("/environments/set-up", .admin, blank),
        .post("/environments/import", .admin, take).costly,
    ]

    private static func blank(_ call: Call, _ scope: inout Scope) throws -> Response {
        try show("", StackImport(), account: try call.request.query.one("account") ?? "", [], &scope)
    }

    /// Stores nothing yet: whose identity signs and who may use it is still to be said.
    private static func take(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let text = try form.one("outputs") ?? ""
        var stack = StackImport()
        stack.stackName = try form.one("stackName") ?? ""
        stack.region = try form.one("region") ?? ""
        stack.credential = try form.one("credential") ?? ""
        do {
            var entry = EnvironmentEntry()
            let isNamed = try form.one("by") == "name"
            entry.take(try isNamed ? stack.outputs(&scope) : StackOutputs(text: text))
            return try EnvironmentPages.show(EnvironmentForm(entry), nil, [], &scope)
        } catch let failure as Failure where failure.status == 422 {
            return try show(text, stack, account: "", failure.problems, &scope)
        }
    }

    private static func show(
        _ text: String, _ stack: StackImport, account: String, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let view = EnvironmentSetUpView(
            outputs: text, asked: stack, credentials: try scope.database.credentials(of: identity.person),
            portal: try scope.database.portal(), account: account,
            externalID: BatchARN.isAccount(account) ? try scope.database.externalID(account) : nil, problems: problems,
            assets: scope.site.assets, formToken: identity.formToken)
        let count = "\(problems.count) \(problems.count == 1 ? "problem" : "problems")"
        return Page(
            title: problems.isEmpty ? "Set up AWS" : "\(count) – Set up AWS", state: problems.isEmpty ? nil : "error",
            content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true, section: "Environments"
        ).response(in: scope)
    }
}

import HTML
import HTTP
import JSON
import PostgreSQL

/// The vault's keys, for admins: their test, who has which root key, and their replacement with how far it is.
enum VaultPages {
    static let routes: [Route] = [
        .get("/admin/vault", .admin, { call, scope in try show(call, [], &scope) }),
        .post("/admin/vault/rotations", .admin, start),
    ]

    private static func start(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let kind = try form.one("kind") ?? ""
        guard ["root", "owners"].contains(kind) else {
            throw Failure.unfit([.init("/kind", "unknown", "What is to be replaced must be root or owners.")])
        }
        if let problem = try StepUp.problem(form, &scope) { return try show(call, [problem], &scope) }
        let actor = try scope.identity().person
        let answer = try scope.database.transaction { database in
            let answer = try database.row("SELECT start_vault_rotation(\(kind))") { try $0.text(0) }
            if answer == "started" {
                try database.execute(
                    Audit.entry(by: actor, "vaultKeys.replacing", on: "site", nil, detail: ["kind": .string(kind)]))
            }
            return answer
        }
        switch answer {
        case "busy": throw Failure.conflict("Keys are being replaced already. Wait until that is done.")
        case "noKey":
            throw Failure.conflict(
                "The workers have no next root key: set vault.next_root_key for each, and restart it.")
        default: return .redirect(to: "/admin/vault")
        }
    }

    private static func show(_ call: Call, _ problems: [Failure.Problem], _ scope: inout Scope) throws -> Response {
        let text = try scope.database.row("SELECT vault_facts()") { try $0.json(0) }
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let refreshing = try Refreshing(call.request)
        let view = VaultView(
            facts: try JSONValue.parse(text?.bytes ?? []), fields: fields,
            formToken: try scope.identity().formToken, proof: try StepUp.input(fields, &scope),
            line: problems.isEmpty ? refreshing.line(now: scope.site.now()) : nil)
        // A page with a form in it that is being filled in is not loaded anew.
        return Page(
            title: "Vault", content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Admin", refresh: view.isRotating && problems.isEmpty ? refreshing.seconds : nil
        ).response(in: scope)
    }
}

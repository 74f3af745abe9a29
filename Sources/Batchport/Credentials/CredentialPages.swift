import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// My credentials: see, add, replace, check, delete.
enum CredentialPages {
    static let routes: [Route] = [
        .get("/credentials", .signedIn, page),
        .post("/credentials", .signedIn, add).costly,
        .post("/credentials/*/check", .signedIn, check).costly,
        .post("/credentials/*/secret", .signedIn, replace).costly,
        .post("/credentials/*/default", .signedIn, makeDefault),
        .post("/credentials/*/delete", .signedIn, delete),
    ]

    /// All of them, or with `replace` the form for the secret of one.
    private static func page(_ call: Call, _ scope: inout Scope) throws -> Response {
        guard let text = try call.request.query.one("replace") else { return try show(AccessKeyEntry(), [], &scope) }
        guard let id = UUID(uuidString: text) else { throw Failure.notFound }
        return try showSecret(of: id, AccessKeyEntry(), [], &scope)
    }

    private static func add(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        try scope.database.requireOpenVault()
        let entry = try AccessKeyEntry(form)
        var problems = entry.problems()
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try show(entry, problems, &scope) }
        let owner = try scope.identity().person
        do {
            _ = try entry.store(owner: owner, vaultKey: scope.site.vaultKey, in: &scope.database)
        } catch let error as PostgresError where error.constraint == "credentials_name" {
            let taken = Failure.Problem("/name", "taken", "You have a credential of this name already.")
            return try show(entry, [taken], &scope)
        } catch let error as PostgresError {
            guard let problem = try Quota.problem(error, in: &scope.database) else { throw error }
            return try show(entry, [problem], &scope)
        }
        return .redirect(to: "/credentials")
    }

    private static func replace(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let entry = try AccessKeyEntry(form)
        var problems = entry.secretProblems(.form)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        guard problems.isEmpty else { return try showSecret(of: id, entry, problems, &scope) }
        let owner = try scope.identity().person
        try entry.replace(id, of: owner, scope.site.vaultKey, in: &scope.database)
        return .redirect(to: "/credentials")
    }

    private static func check(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        try CredentialActs.check(try call.id(0), of: try scope.identity().person, in: &scope.database)
        return .redirect(to: "/credentials")
    }

    private static func makeDefault(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        if let page = try StepUp.page(unless: form, keeping: [], to: "/credentials/\(id.lower)/default", &scope) {
            return page
        }
        try CredentialActs.makeDefault(id, of: try scope.identity().person, in: &scope.database)
        return .redirect(to: "/credentials")
    }

    private static func delete(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        try CredentialActs.delete(try call.id(0), of: try scope.identity().person, in: &scope.database)
        return .redirect(to: "/credentials")
    }

    private static func showSecret(
        of id: UUID, _ entry: AccessKeyEntry, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let credential = try scope.database.credentials(of: identity.person).first { $0.id == id }
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        guard let credential, case .accessKey = credential.kind else { throw Failure.notFound }
        let view = SecretView(
            credential: credential, entry: entry, fields: fields, formToken: identity.formToken,
            proof: try StepUp.input(fields, &scope))
        return Page(
            title: view.title, content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Credentials", isForm: true
        ).response(in: scope)
    }

    private static func show(
        _ entry: AccessKeyEntry, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let identity = try scope.identity()
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let view = CredentialView(
            fields: fields,
            credentials: try scope.database.credentials(of: identity.person), entry: entry,
            portal: try scope.database.portal(), formToken: identity.formToken, proof: try StepUp.input(fields, &scope),
            vaultIsOpen: try scope.database.vaultIsOpen(), seal: try scope.database.vaultSeal(), now: scope.site.now())
        return Page(
            title: view.title, content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Credentials", isForm: true
        ).response(in: scope)
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Tasks

/// My credentials: see, add, check, delete.
enum CredentialPages {
    static let routes: [Route] = [
        .get("/credentials", .signedIn, { call, scope in try show(AccessKeyEntry(), [], &scope) }),
        .post("/credentials", .signedIn, add).costly,
        .post("/credentials/*/check", .signedIn, check).costly,
        .post("/credentials/*/delete", .signedIn, delete),
    ]

    private static func add(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        guard try scope.database.vaultIsOpen() else { throw Failure.vaultSealed }
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
        }
        return .redirect(to: "/credentials")
    }

    private static func check(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let owner = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.owns(credential: id, owner) else { throw Failure.notFound }
            try database.enqueue("checkCredential", ["credential": .string(id.lower)], for: id)
        }
        return .redirect(to: "/credentials")
    }

    /// The secret goes at once; the row stays, since jobs name it.
    private static func delete(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let id = try call.id(0)
        let owner = try scope.identity().person
        try scope.database.transaction { database in
            guard try database.owns(credential: id, owner) else { throw Failure.notFound }
            let used = try database.row(
                "SELECT name FROM environments WHERE \(id) IN (credential, custodian) LIMIT 1"
            ) { try $0.value("name", as: String.self) }
            if let used {
                throw Failure.conflict("The environment \(used) uses this credential. Give it another one first.")
            }
            try database.execute(
                """
                UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL, is_default = false
                WHERE id = \(id)
                """)
            try database.execute(Audit.entry(by: owner, "credential.deleted", on: "credential", id))
        }
        return .redirect(to: "/credentials")
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
            vaultIsOpen: try scope.database.vaultIsOpen(), now: scope.site.now())
        return Page(
            title: view.title, content: view.content, status: problems.isEmpty ? 200 : 422, isNarrow: true,
            section: "Credentials", isForm: true
        ).response(in: scope)
    }
}

extension Connection {
    fileprivate mutating func owns(credential: UUID, _ person: UUID) throws -> Bool {
        try row(
            "SELECT true AS yes FROM credentials WHERE id = \(credential) AND owner = \(person) AND deleted_at IS NULL"
        ) { try $0.value("yes", as: Bool.self) } ?? false
    }
}

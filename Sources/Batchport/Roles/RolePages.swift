import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// Adding a role to assume: the ExternalId for an account, the policies to paste, and the role's ARN.
enum RolePages {
    static let routes: [Route] = [
        .get(
            "/credentials/roles", .signedIn,
            { call, scope in
                var entry = RoleEntry()
                entry.isFromSetUp = try call.request.query.one("from") == RoleEntry.setUp
                return try show(entry, account: try call.request.query.one("account") ?? "", [], &scope)
            }),
        .post("/credentials/external-ids", .signedIn, makeExternalID),
        .post("/credentials/roles", .signedIn, add).costly,
    ]

    private static func makeExternalID(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        let account = (try form.one("account") ?? "").filter { !$0.isWhitespace && $0 != "-" }
        guard BatchARN.isAccount(account) else {
            let problem = Failure.Problem("/account", "malformed", "An AWS account is a number of 12 digits.")
            return try show(RoleEntry(form), account: account, [problem], &scope)
        }
        let person = try scope.identity().person
        let made = try scope.database.transaction { database in
            let isNew = try database.externalID(account) == nil
            let value = try database.row("SELECT my_external_id(\(account))") { try $0.textOptional(0) } ?? nil
            if isNew, value != nil {
                try database.execute(
                    Audit.entry(
                        by: person, "externalID.made", on: "person", person, detail: ["account": .string(account)])
                )
            }
            return value
        }
        guard made != nil else {
            let most = try scope.database.siteLimit("credential.mostExternalIDs", else: 100)
            throw Failure.conflict(
                "You have ExternalIds for \(Words.count(most)) accounts, the most of one person (credential.mostExternalIDs)."
            )
        }
        let isFromSetUp = try RoleEntry(form).isFromSetUp
        return .redirect(to: (isFromSetUp ? "/environments/set-up" : "/credentials/roles") + "?account=" + account)
    }

    private static func add(_ call: Call, _ form: Form, _ scope: inout Scope) throws -> Response {
        try scope.database.requireOpenVault()
        let entry = try RoleEntry(form)
        let owner = try scope.identity().person
        var problems = try entry.problems(owner: owner, in: &scope.database)
        if let problem = try StepUp.problem(form, &scope) { problems.append(problem) }
        let account = (try? RoleARN(entry.roleARN).account) ?? ""
        guard problems.isEmpty else { return try show(entry, account: account, problems, &scope) }
        do {
            _ = try entry.store(owner: owner, in: &scope.database)
        } catch let error as PostgresError where error.constraint == "credentials_name" {
            let taken = Failure.Problem("/name", "taken", "You have a credential of this name already.")
            return try show(entry, account: account, [taken], &scope)
        } catch let error as PostgresError {
            guard let problem = try Quota.problem(error, in: &scope.database) else { throw error }
            return try show(entry, account: account, [problem], &scope)
        }
        return .redirect(to: entry.isFromSetUp ? "/environments/set-up?account=" + account : "/credentials")
    }

    private static func show(
        _ entry: RoleEntry, account: String, _ problems: [Failure.Problem], _ scope: inout Scope
    ) throws -> Response {
        let fields = FormFields(assets: scope.site.assets, problems: problems)
        let isAccount = BatchARN.isAccount(account)
        let view = RoleView(
            fields: fields, entry: entry, account: account,
            externalID: isAccount ? try scope.database.externalID(account) : nil,
            portal: try scope.database.portal(), places: isAccount ? try scope.database.environments(in: account) : [],
            formToken: try scope.identity().formToken, proof: try StepUp.input(fields, &scope))
        return Page(
            title: problems.isEmpty ? "Add a role" : "\(problems.count) problems – Add a role",
            state: problems.isEmpty ? nil : "error", content: view.content, status: problems.isEmpty ? 200 : 422,
            isNarrow: true, section: "Credentials", isForm: true
        ).response(in: scope)
    }
}

/// What is known of the portal's own identity.
struct ShownPortal {
    let arn: String?
    let trouble: String?
}

extension Connection {
    /// The asker's own for that account, where it has been made.
    mutating func externalID(_ account: String) throws -> String? {
        try row("SELECT value FROM external_ids WHERE owner = uid() AND account = \(account)") { try $0.text(0) }
    }

    mutating func portal() throws -> ShownPortal {
        try row("SELECT arn, trouble FROM portal_identity") {
            ShownPortal(arn: try $0.textOptional(0), trouble: try $0.textOptional(1))
        } ?? ShownPortal(arn: nil, trouble: "The worker has not said yet who the portal is at AWS.")
    }

    /// Those that the asker may use, as far as a role's policy needs them.
    mutating func environments(in account: String) throws -> [BatchEnvironment] {
        try rows(
            """
            SELECT \(fragment: BatchEnvironment.columns) FROM environments
            WHERE account = \(account) AND deleted_at IS NULL ORDER BY name LIMIT 5
            """
        ) { try BatchEnvironment($0) }
    }
}

import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// A new token as somebody typed it.
struct TokenEntry {
    var name = ""
    var scopes: Set<String> = []
    /// Empty: all that its owner may use.
    var environments: [String] = []
    /// The one whose secret it may replace; empty: none.
    var credential = ""
    /// As typed; empty: as long as the site's limits say.
    var days = ""

    init() {}

    init(_ form: Form) throws {
        name = try form.one("name") ?? ""
        scopes = Set(form.all("scopes"))
        environments = form.all("environments")
        credential = try form.one("credential") ?? ""
        days = try form.one("days") ?? ""
    }

    /// - Parameter owner: what may be chosen depends on whose it is.
    func problems(_ scope: inout Scope, for owner: TokenOwner) throws -> [Failure.Problem] {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        let known = Set(TokenScope.choices(for: owner).map(\.rawValue))
        if scopes.isEmpty || !scopes.isSubset(of: known) {
            problems.append(.init("/scopes", "empty", "Choose at least one thing the token may do."))
        }
        let most = try scope.database.row("SELECT site_limit('token.mostDays')") { try $0.int(0) } ?? 366
        if !days.isEmpty, Int(days).map({ !(1...most).contains($0) }) ?? true {
            problems.append(
                .init("/days", "outOfRange", "A token lives a whole number of days, from 1 to \(most).", limit: most))
        }
        let ids = environments.compactMap { UUID(uuidString: $0) }
        let seen = try scope.database.row("SELECT count(*) FROM environments WHERE id = ANY(\(ids))") { try $0.int(0) }
        if ids.count != environments.count || seen != Set(ids).count {
            problems.append(
                .init("/environments", "unknown", "There is an environment among these that does not exist."))
        }
        return try problems + credentialProblems(&scope)
    }

    private func credentialProblems(_ scope: inout Scope) throws -> [Failure.Problem] {
        guard scopes.contains(TokenScope.credentialsReplace.rawValue) else {
            if credential.isEmpty { return [] }
            return [.init("/credential", "notTaken", "Only a token that may replace a secret names a credential.")]
        }
        let person = try scope.identity().person
        let isKey = try UUID(uuidString: credential).flatMap { id in
            try scope.database.row(
                """
                SELECT true FROM credentials WHERE id = \(id) AND owner = \(person) AND kind = 'accessKey'
                    AND deleted_at IS NULL AND job IS NULL
                """
            ) { try $0.bool(0) }
        }
        if isKey == true { return [] }
        return [.init("/credential", "missing", "Choose the access key of yours whose secret the token may replace.")]
    }

    /// Nil where it was stored; else what keeps it from that.
    func store(_ secret: String, for person: UUID, _ scope: inout Scope) throws -> Failure.Problem? {
        do {
            try insert(secret, for: person, &scope)
            return nil
        } catch let error as PostgresError {
            guard let problem = try Quota.problem(error, in: &scope.database) else { throw error }
            return problem
        }
    }

    private func insert(_ secret: String, for person: UUID, _ scope: inout Scope) throws {
        let actor = try scope.identity().person
        let wanted = TokenScope.allCases.map(\.rawValue).filter(scopes.contains)
        let ids: [UUID]? = environments.isEmpty ? nil : environments.compactMap { UUID(uuidString: $0) }
        let id = UUID()
        try scope.database.transaction { database in
            _ = try database.pipeline([
                """
                INSERT INTO tokens (id, token_hash, person, name, hint, scopes, environments, credential, expires_at)
                VALUES (\(id), \(SessionCookie.hash(secret)), \(person), \(name), \(String(secret.suffix(4))), \(wanted),
                    \(ids), \(UUID(uuidString: credential)), now() + make_interval(days => coalesce(\(Int(days))::int, site_limit('token.days')::int)))
                """,
                Audit.entry(
                    by: actor, "token.made", on: "token", id,
                    detail: [
                        "of": .string(person.lower), "scopes": .string(wanted.joined(separator: " ")),
                        "environments": .string(environments.joined(separator: " ")),
                        "credential": JSONValue(UUID(uuidString: credential)?.lower),
                    ]),
            ])
        }
    }
}

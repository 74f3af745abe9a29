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
    /// As typed; empty: as long as the site's limits say.
    var days = ""

    init() {}

    init(_ form: Form) throws {
        name = try form.one("name") ?? ""
        scopes = Set(form.all("scopes"))
        environments = form.all("environments")
        days = try form.one("days") ?? ""
    }

    /// - Parameter maySayAdmin: whether the scopes that only an admin has a use for may be among them.
    func problems(_ scope: inout Scope, maySayAdmin: Bool) throws -> [Failure.Problem] {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        let known = Set(TokenScope.allCases.filter { maySayAdmin || !$0.isForAdmins }.map(\.rawValue))
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
        return problems
    }

    func store(_ secret: String, for person: UUID, _ scope: inout Scope) throws {
        let actor = try scope.identity().person
        let wanted = TokenScope.allCases.map(\.rawValue).filter(scopes.contains)
        let ids: [UUID]? = environments.isEmpty ? nil : environments.compactMap { UUID(uuidString: $0) }
        let id = UUID()
        try scope.database.transaction { database in
            _ = try database.pipeline([
                """
                INSERT INTO tokens (id, token_hash, person, name, hint, scopes, environments, expires_at)
                VALUES (\(id), \(SessionCookie.hash(secret)), \(person), \(name), \(String(secret.suffix(4))), \(wanted),
                    \(ids), now() + make_interval(days => coalesce(\(Int(days))::int, site_limit('token.days')::int)))
                """,
                Audit.entry(
                    by: actor, "token.made", on: "token", id,
                    detail: [
                        "of": .string(person.lower), "scopes": .string(wanted.joined(separator: " ")),
                        "environments": .string(environments.joined(separator: " ")),
                    ]),
            ])
        }
    }
}

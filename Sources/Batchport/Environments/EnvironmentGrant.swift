import FoundationEssentials
import JSON
import PostgreSQL

/// Who may use an environment, and what of others' jobs there it shows them.
package struct EnvironmentGrant {
    /// None, those of people with whom one shares a team (of a team's grant: that team), or all.
    package enum Sees: String, Sendable, CaseIterable { case own, team, all }

    /// Whom a row of `environment_grants` names.
    enum Target: Hashable {
        case everyone
        case person(UUID)
        case team(UUID)

        init(person: UUID?, team: UUID?) {
            self = person.map { .person($0) } ?? team.map { .team($0) } ?? .everyone
        }

        var person: UUID? { if case .person(let id) = self { id } else { nil } }
        var team: UUID? { if case .team(let id) = self { id } else { nil } }
    }

    let to: Target
    let sees: Sees
    /// Empty where the asker may not know it.
    let name: String
    let email: String

    var json: JSONValue {
        let sees = JSONValue.Member("sees", .string(sees.rawValue))
        switch to {
        case .everyone: return .object([.init("everyone", true), sees])
        case .person(let id): return .object([.init("person", .string(id.lower)), .init("name", .string(name)), sees])
        case .team(let id): return .object([.init("team", .string(id.lower)), .init("name", .string(name)), sees])
        }
    }
}

extension Connection {
    /// Those that the asker may see: all of them for whoever manages it, else what lets the asker in.
    mutating func grants(of environments: [UUID]) throws -> [UUID: [EnvironmentGrant]] {
        let found = try rows(
            """
            SELECT g.environment, g.person, g.team, g.sees, coalesce(name_of(g.person), name_of_team(g.team), '') AS name,
                coalesce(p.email, '') AS email
            FROM environment_grants g LEFT JOIN people p ON p.id = g.person
            WHERE g.environment = ANY(\(environments))
            ORDER BY g.team IS NOT NULL, g.person IS NOT NULL, 5, g.person, g.team
            """
        ) { row in
            (
                try row.uuid("environment"),
                EnvironmentGrant(
                    to: .init(person: try row.uuidOptional("person"), team: try row.uuidOptional("team")),
                    sees: EnvironmentGrant.Sees(rawValue: try row.text("sees")) ?? .own, name: try row.text("name"),
                    email: try row.text("email"))
            )
        }
        return Dictionary(grouping: found, by: \.0).mapValues { $0.map(\.1) }
    }
}

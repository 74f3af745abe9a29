import FoundationEssentials
import JSON
import PostgreSQL

/// Who may use an environment.
struct EnvironmentGrant {
    /// Nil for everyone.
    let person: UUID?
    let name: String
    let email: String

    var json: JSONValue {
        guard let person else { return ["everyone": true] }
        return ["person": .string(person.lower), "name": .string(name)]
    }
}

extension Connection {
    /// Those that the asker may see: all of them for whoever manages it, else what lets the asker in.
    mutating func grants(of environments: [UUID]) throws -> [UUID: [EnvironmentGrant]] {
        let found = try rows(
            """
            SELECT g.environment, g.person, coalesce(p.name, '') AS name, coalesce(p.email, '') AS email
            FROM environment_grants g LEFT JOIN people p ON p.id = g.person
            WHERE g.environment = ANY(\(environments)) ORDER BY g.person IS NOT NULL, p.name, g.person
            """
        ) { row in
            (
                try row.uuid("environment"),
                EnvironmentGrant(
                    person: try row.uuidOptional("person"), name: try row.text("name"), email: try row.text("email"))
            )
        }
        return Dictionary(grouping: found, by: \.0).mapValues { $0.map(\.1) }
    }
}

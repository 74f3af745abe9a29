import FoundationEssentials
import PostgreSQL

/// A team with its members, the environments granted to it, and its service accounts.
struct Team {
    let id: UUID
    let name: String
    var members: [Named] = []
    var environments: [Named] = []
    var services: [Service] = []
    /// Those that its service accounts may use: granted to it or to everyone.
    var usable: [Named] = []

    struct Named {
        let id: UUID
        let name: String
    }

    struct Service {
        let id: UUID
        let name: String
        let isDisabled: Bool
        var tokens: [TokenRow]
    }
}

/// A team as a line of the list.
struct TeamLine {
    let id: UUID
    let name: String
    let members: Int
    let services: Int
    let environments: Int
}

extension Connection {
    mutating func teams() throws -> [TeamLine] {
        try rows(
            """
            SELECT t.id, t.name, (SELECT count(*) FROM team_members m JOIN people p ON p.id = m.person
                    WHERE m.team = t.id AND p.kind = 'person') AS members,
                (SELECT count(*) FROM people p WHERE p.team = t.id) AS services,
                (SELECT count(*) FROM environment_grants g WHERE g.team = t.id) AS environments
            FROM teams t ORDER BY lower(t.name) LIMIT 500
            """
        ) {
            TeamLine(
                id: try $0.uuid(0), name: try $0.text(1), members: try $0.int(2), services: try $0.int(3),
                environments: try $0.int(4))
        }
    }

    mutating func team(_ id: UUID) throws -> Team? {
        let answers = try pipeline([
            "SELECT id, name FROM teams WHERE id = \(id)",
            """
            SELECT p.id, p.name FROM team_members m JOIN people p ON p.id = m.person
            WHERE m.team = \(id) AND p.kind = 'person' ORDER BY lower(p.name), p.id LIMIT 1000
            """,
            """
            SELECT e.id, e.name FROM environment_grants g JOIN environments e ON e.id = g.environment
            WHERE g.team = \(id) ORDER BY e.name LIMIT 1000
            """,
            "SELECT id, name, disabled_at IS NOT NULL FROM people WHERE team = \(id) ORDER BY lower(name) LIMIT 1000",
            """
            SELECT \(fragment: TokenRow.columns) FROM tokens t WHERE t.revoked_at IS NULL
                AND t.person IN (SELECT id FROM people WHERE team = \(id))
            ORDER BY t.expires_at > now() DESC, t.created_at DESC LIMIT 5000
            """,
            """
            SELECT e.id, e.name FROM environments e WHERE EXISTS (SELECT FROM environment_grants g
                WHERE g.environment = e.id AND g.person IS NULL AND (g.team IS NULL OR g.team = \(id)))
            ORDER BY e.name LIMIT 500
            """,
        ])
        let named = { (row: borrowing Row) throws in Team.Named(id: try row.uuid(0), name: try row.text(1)) }
        guard let found = try answers[0].row(named) else { return nil }
        let tokens = Dictionary(grouping: try answers[4].rows { try TokenRow($0) }, by: \.person)
        var team = Team(id: found.id, name: found.name)
        team.members = try answers[1].rows(named)
        team.environments = try answers[2].rows(named)
        team.usable = try answers[5].rows(named)
        team.services = try answers[3].rows { row in
            let service = try row.uuid(0)
            return Team.Service(
                id: service, name: try row.text(1), isDisabled: try row.bool(2), tokens: tokens[service] ?? [])
        }
        return team
    }

    mutating func team(ofService service: UUID) throws -> UUID? {
        try row("SELECT team FROM people WHERE id = \(service) AND kind = 'service'") { try $0.uuidOptional(0) }
            .flatMap(\.self)
    }
}

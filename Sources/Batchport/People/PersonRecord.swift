import FoundationEssentials
import PostgreSQL

/// A person as an admin sees one.
struct PersonRecord {
    let id: UUID
    let email: String
    let name: String
    let role: String
    let isService: Bool
    let factorAt: Int64?
    let disabledAt: Int64?
    let deletedAt: Int64?
    let createdAt: Int64
    let unsettledJobs: Int
    var teams: [Choice] = []
    var environments: [Choice] = []

    /// One of all there are, and whether it is this person's.
    struct Choice {
        let id: UUID
        let name: String
        let isChosen: Bool
    }

    init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        email = try row.text(1)
        name = try row.text(2)
        role = try row.text(3)
        isService = try row.text(4) == "service"
        factorAt = try row.millisecondsOptional(5)
        disabledAt = try row.millisecondsOptional(6)
        deletedAt = try row.millisecondsOptional(7)
        createdAt = try row.milliseconds(8)
        unsettledJobs = try row.int(9)
    }
}

extension Connection {
    mutating func person(_ id: UUID) throws -> PersonRecord? {
        let answers = try pipeline([
            """
            SELECT id, email, name, role, kind, factor_at, disabled_at, deleted_at, created_at,
                (SELECT count(*) FROM jobs j WHERE j.owner = p.id AND j.settled_at IS NULL)
            FROM people p WHERE id = \(id)
            """,
            """
            SELECT t.id, t.name, EXISTS (SELECT FROM team_members m WHERE m.team = t.id AND m.person = \(id))
            FROM teams t ORDER BY lower(t.name) LIMIT 500
            """,
            """
            SELECT e.id, e.name, EXISTS (SELECT FROM environment_managers m WHERE m.environment = e.id AND m.person = \(id))
            FROM environments e ORDER BY e.name LIMIT 500
            """,
        ])
        guard var person = try answers[0].row({ try PersonRecord($0) }) else { return nil }
        func choices(_ answer: QueryResult) throws -> [PersonRecord.Choice] {
            try answer.rows { .init(id: try $0.uuid(0), name: try $0.text(1), isChosen: try $0.bool(2)) }
        }
        person.teams = try choices(answers[1])
        person.environments = try choices(answers[2])
        return person
    }

    /// Not deleted.
    mutating func isHere(_ person: UUID) throws -> Bool {
        try row("SELECT deleted_at IS NULL FROM people WHERE id = \(person)") { try $0.bool(0) } ?? false
    }
}

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
    let use: PersonUse
    var limits: PersonLimits { use.limits }
    var teams: [Choice] = []
    var environments: [Choice] = []
    /// Environments that their credentials sign or look after.
    var behind: [Behind] = []
    /// In force.
    var tokens = 0

    struct Behind {
        let id: UUID
        let name: String
        let signs: Bool
        let looksAfter: Bool
    }

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
        use = try PersonUse(row)
    }
}

extension PersonRecord.Behind {
    fileprivate init(_ row: borrowing Row) throws {
        id = try row.uuid(0)
        name = try row.text(1)
        signs = try row.bool(2)
        looksAfter = try row.bool(3)
    }
}

extension Connection {
    mutating func person(_ id: UUID) throws -> PersonRecord? {
        let answers = try pipeline([
            """
            SELECT id, email, name, role, kind, factor_at, disabled_at, deleted_at, created_at,
                (SELECT count(*) FROM jobs j WHERE j.owner = p.id AND j.settled_at IS NULL), \(fragment: PersonUse.columns)
            FROM people p, person_use(p.id) u WHERE id = \(id)
            """,
            """
            SELECT t.id, t.name, EXISTS (SELECT FROM team_members m WHERE m.team = t.id AND m.person = \(id))
            FROM teams t ORDER BY lower(t.name) LIMIT 500
            """,
            """
            SELECT e.id, e.name, EXISTS (SELECT FROM environment_managers m WHERE m.environment = e.id AND m.person = \(id))
            FROM environments e ORDER BY e.name LIMIT 500
            """,
            "SELECT environment, name, signs, looks_after FROM environments_behind(\(id))",
            "SELECT count_tokens_of(\(id))",
        ])
        guard var person = try answers[0].row({ try PersonRecord($0) }) else { return nil }
        func choices(_ answer: QueryResult) throws -> [PersonRecord.Choice] {
            try answer.rows { .init(id: try $0.uuid(0), name: try $0.text(1), isChosen: try $0.bool(2)) }
        }
        person.teams = try choices(answers[1])
        person.environments = try choices(answers[2])
        person.behind = try answers[3].rows { try PersonRecord.Behind($0) }
        person.tokens = try answers[4].row { try $0.int(0) } ?? 0
        return person
    }

    /// Those that their credentials sign or look after, for admins.
    mutating func environments(behind person: UUID) throws -> [PersonRecord.Behind] {
        try rows("SELECT environment, name, signs, looks_after FROM environments_behind(\(person))") {
            try PersonRecord.Behind($0)
        }
    }

    /// Not deleted.
    mutating func isHere(_ person: UUID) throws -> Bool {
        try row("SELECT deleted_at IS NULL FROM people WHERE id = \(person)") { try $0.bool(0) } ?? false
    }
}

internal import JSON
internal import PostgreSQL

/// A revision of a job definition, as its row has it.
struct JobDefinition {
    let name: String
    let revision: Int
    let status: String
    let terms: JobTerms
    private let platforms: [String]
    private let properties: JSONValue

    static let columns: SQL = """
        name, revision, status, image, command, environment, parameters, vcpus, memory_mib, gpus, timeout_seconds,
        max_attempts, retry_rules, tags, propagate_tags, scheduling_priority, platforms, properties
        """

    init(_ row: borrowing Row) throws {
        name = try row.text("name")
        revision = try row.int("revision")
        status = try row.text("status")
        terms = try JobTerms(row)
        platforms = try row.value("platforms", as: [String].self)
        properties = try row.document("properties")
    }

    /// As a caller names it; without a revision the newest active one.
    static func find(_ text: String, _ names: BatchName, _ database: inout Connection) throws -> JobDefinition? {
        guard let wanted = names.definitionName(text) else { return nil }
        return try database.row(
            """
            SELECT \(fragment: columns) FROM job_definitions
            WHERE name = \(wanted.name) AND (revision = \(wanted.revision) OR \(wanted.revision)::int IS NULL
                AND status = 'ACTIVE') ORDER BY revision DESC LIMIT 1
            """, { row in try JobDefinition(row) })
    }

    func answer(_ names: BatchName) -> JSONValue {
        .members(
            [
                ("jobDefinitionName", .string(name)), ("jobDefinitionArn", .string(names.definition(name, revision))),
                ("revision", JSONValue(revision)), ("status", .string(status)), ("type", "container"),
                ("containerProperties", container), ("platformCapabilities", JSONValue(platforms)),
                ("containerOrchestrationType", "ECS"),
            ] + terms.members)
    }

    /// With empty lists where AWS gives them, and all that was registered.
    private var container: JSONValue {
        let given = properties.members ?? []
        let empty = ["volumes", "mountPoints", "ulimits", "secrets"].filter { name in
            !given.contains { $0.name == name }
        }
        return .members(terms.containerMembers + empty.map { ($0, []) } + given.map { ($0.name, $0.value) })
    }
}

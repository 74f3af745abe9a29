internal import JSON
internal import PostgreSQL

/// Definitions by name, by revision or all, newest revision first.
enum DescribeJobDefinitions {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let names = BatchName(account: caller.account)
        if let wanted = try request.strings("jobDefinitions"), !wanted.isEmpty {
            guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobDefinitions is 100") }
            var found: [JSONValue] = []
            for text in wanted {
                if let definition = try JobDefinition.find(text, names, &database) {
                    found.append(definition.answer(names))
                }
            }
            return ["jobDefinitions": .array(found)]
        }
        return try page(request, names, &database)
    }

    private static func page(
        _ request: RequestMembers, _ names: BatchName, _ database: inout Connection
    ) throws -> JSONValue {
        let name = try request.string("jobDefinitionName").flatMap { names.definitionName($0)?.name }
        let status = try request.string("status")
        let limit = try PageToken.limit(request, most: 100)
        let offset = try PageToken.number(request) ?? 0
        let found = try database.rows(
            """
            SELECT \(fragment: JobDefinition.columns) FROM job_definitions
            WHERE name = coalesce(\(name), name) AND status = coalesce(\(status), status)
            ORDER BY name, revision DESC OFFSET \(offset) LIMIT \(limit + 1)
            """
        ) { row in try JobDefinition(row) }
        let next = found.count > limit ? PageToken.text(offset + limit) : nil
        return .members([
            ("jobDefinitions", .array(found.prefix(limit).map { $0.answer(names) })),
            ("nextToken", next.map { .string($0) }),
        ])
    }
}

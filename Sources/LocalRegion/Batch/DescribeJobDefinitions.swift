internal import JSON
internal import PostgreSQL

/// Definitions by revision, or a page of all or of one name, newest revision first.
enum DescribeJobDefinitions {
    static func answer(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let names = BatchName(account: caller.account)
        guard let wanted = try request.strings("jobDefinitions"), !wanted.isEmpty else {
            return try page(request, names, &database)
        }
        guard wanted.count <= 100 else { throw LocalFault.batch("Maximum number of jobDefinitions is 100") }
        try ListPage.refuse(request, with: "jobDefinitions", besides: ["jobDefinitionName", "status"])
        let found = try database.rows(named(wanted.compactMap(names.definitionName))) { row in
            try JobDefinition(row).answer(names)
        }
        return ["jobDefinitions": .array(found)]
    }

    /// In the request's order; of a name without a revision (here 0) the newest active one.
    private static func named(_ wanted: [(name: String, revision: Int?)]) -> SQL {
        """
        SELECT found.* FROM unnest(\(wanted.map(\.name)), \(wanted.map { $0.revision ?? 0 }))
            WITH ORDINALITY AS wanted (wanted_name, wanted_revision, place)
        CROSS JOIN LATERAL (
            SELECT \(fragment: JobDefinition.columns) FROM job_definitions
            WHERE name = wanted_name AND (revision = wanted_revision OR wanted_revision = 0 AND status = 'ACTIVE')
            ORDER BY revision DESC LIMIT 1) AS found
        ORDER BY place
        """
    }

    private static func page(
        _ request: RequestMembers, _ names: BatchName, _ database: inout Connection
    ) throws -> JSONValue {
        let name = try request.string("jobDefinitionName")
        let status = try request.string("status")
        let page = try ListPage(request, of: "jobDefinitions", most: 100)
        let after = try place(page)
        let found = try database.rows(
            """
            SELECT \(fragment: JobDefinition.columns) FROM job_definitions
            WHERE name = coalesce(\(name), name) AND status = coalesce(\(status), status)
                AND (\(after?.name)::text IS NULL OR name > \(after?.name)
                    OR name = \(after?.name) AND revision < \(after?.revision)::bigint)
            ORDER BY name, revision DESC LIMIT \(page.limit + 1)
            """
        ) { row in
            let definition = try JobDefinition(row)
            return (place: "\(definition.name):\(definition.revision)", item: definition.answer(names))
        }
        return page.answer("jobDefinitions", found)
    }

    private static func place(_ page: ListPage) throws(LocalFault) -> (name: String, revision: Int)? {
        guard let after = page.after else { return nil }
        let parts = after.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let revision = Int(parts[1]) else { throw .batch("Invalid nextToken") }
        return (String(parts[0]), revision)
    }
}

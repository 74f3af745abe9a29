internal import FoundationEssentials
internal import JSON
internal import PostgreSQL

/// Tags of jobs, definitions and queues, by ARN.
enum JobTags {
    /// The member `tags` of a request.
    static func read(_ request: RequestMembers) throws(LocalFault) -> [String: String] {
        let tags = try request.stringMap("tags") ?? [:]
        guard tags.count <= 50 else { throw .batch("A resource can have at most 50 tags") }
        for (key, value) in tags {
            guard (1...128).contains(key.unicodeScalars.count), value.unicodeScalars.count <= 256,
                !key.lowercased().hasPrefix("aws:")
            else { throw .batch("Tag \(key.prefix(128)) is not valid") }
        }
        return tags
    }

    static func list(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws -> JSONValue {
        ["tags": try current(try resource(input, caller), &database)]
    }

    static func add(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws {
        let resource = try resource(input, caller)
        let added = try read(RequestMembers(input))
        guard !added.isEmpty else { throw LocalFault.batch("tags can not be empty") }
        let present = try current(resource, &database).members ?? []
        guard Set(present.map(\.name)).union(added.keys).count <= 50 else {
            throw LocalFault.batch("A resource can have at most 50 tags")
        }
        try change(resource, "tags || \(JSONText(JSONValue.map(added).serialized()))::jsonb", &database)
    }

    static func remove(_ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection) throws {
        let resource = try resource(input, caller)
        let keys = try RequestMembers(input).strings("tagKeys") ?? []
        guard (1...50).contains(keys.count), keys.allSatisfy({ (1...128).contains($0.unicodeScalars.count) }) else {
            throw LocalFault.batch("tagKeys must have 1 to 50 keys of 1 to 128 characters")
        }
        _ = try current(resource, &database)
        try change(resource, "tags - \(keys)::text[]", &database)
    }

    private enum Resource {
        case job(UUID)
        case queue(String)
        case definition(String, Int)
        case environment(String)
    }

    private static func resource(_ input: JSONValue, _ caller: LocalCaller) throws(LocalFault) -> Resource {
        let arn = try RequestMembers(input).required("resourceArn")
        let names = BatchName(account: caller.account)
        func rest(_ prefix: String) -> String? { arn.hasPrefix(prefix) ? String(arn.dropFirst(prefix.count)) : nil }
        if let name = rest(names.queue("")) { return .queue(name) }
        if let name = rest(names.environment("")) { return .environment(name) }
        if let id = rest(names.job("")).flatMap({ JobID($0) }) {
            guard id.index == nil else { throw .batch("Tags are not supported for array child jobs") }
            return .job(id.job)
        }
        if arn.hasPrefix("arn:"), let found = names.definitionName(arn), let revision = found.revision,
            BatchName.isValid(found.name)
        {
            return .definition(found.name, revision)
        }
        throw .batch("Resource \(arn.prefix(256)) not found")
    }

    private static func place(_ resource: Resource) -> (table: SQL, condition: SQL) {
        switch resource {
        case .job(let id): ("jobs", "id = \(id) AND parent IS NULL")
        case .queue(let name): ("job_queues", "name = \(name)")
        case .definition(let name, let revision): ("job_definitions", "name = \(name) AND revision = \(revision)")
        case .environment(let name): ("compute_environments", "name = \(name)")
        }
    }

    private static func current(_ resource: Resource, _ database: inout Connection) throws -> JSONValue {
        let (table, condition) = place(resource)
        let found = try database.row("SELECT tags FROM \(fragment: table) WHERE \(fragment: condition)") { row in
            try row.document(0)
        }
        guard let found else { throw LocalFault.batch("Resource not found") }
        return found
    }

    private static func change(_ resource: Resource, _ tags: SQL, _ database: inout Connection) throws {
        let (table, condition) = place(resource)
        try database.execute("UPDATE \(fragment: table) SET tags = \(fragment: tags) WHERE \(fragment: condition)")
    }
}

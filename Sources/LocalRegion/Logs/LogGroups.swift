internal import JSON
internal import PostgreSQL

/// CreateLogGroup, CreateLogStream and what describes them.
enum LogGroups {
    static func create(_ input: JSONValue, _ database: inout Connection) throws {
        let name = try groupName(RequestMembers(input))
        let made = try database.execute("INSERT INTO log_groups (name) VALUES (\(name)) ON CONFLICT DO NOTHING")
        guard made == 1 else { throw exists("The specified log group already exists") }
    }

    static func createStream(_ input: JSONValue, _ database: inout Connection) throws {
        let request = try RequestMembers(input)
        let group = try groupName(request)
        let name = try streamName(request)
        try require(group, &database)
        let made = try database.execute(
            "INSERT INTO log_streams (log_group, name) VALUES (\(group), \(name)) ON CONFLICT DO NOTHING")
        guard made == 1 else { throw exists("The specified log stream already exists") }
    }

    static func describe(
        _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> JSONValue {
        let request = try RequestMembers(input)
        let page = try Page(request)
        let prefix = try request.string("logGroupNamePrefix") ?? ""
        let found = try database.rows(
            """
            SELECT name, created_at FROM log_groups WHERE starts_with(name, \(prefix)) AND name > \(page.after)
            ORDER BY name LIMIT \(page.limit + 1)
            """
        ) { row in (name: try row.text("name"), created: try row.milliseconds("created_at")) }
        let groups = found.prefix(page.limit).map { group -> JSONValue in
            [
                "logGroupName": .string(group.name), "creationTime": JSONValue(group.created),
                "metricFilterCount": 0, "arn": .string(arn(group.name, caller) + ":*"),
            ]
        }
        return page.answer("logGroups", groups, last: found.count > page.limit ? found[page.limit - 1].name : nil)
    }

    static func describeStreams(
        _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> JSONValue {
        let request = try RequestMembers(input)
        let page = try Page(request)
        let group = try groupName(request)
        try require(group, &database)
        let prefix = try request.string("logStreamNamePrefix") ?? ""
        guard try request.string("orderBy") ?? "LogStreamName" == "LogStreamName" else {
            throw LocalFault.parameter("The local region orders log streams by LogStreamName only.")
        }
        let found = try database.rows(
            """
            SELECT name, created_at, (SELECT min(at) FROM log_events WHERE stream = id) AS first,
                (SELECT max(at) FROM log_events WHERE stream = id) AS last
            FROM log_streams WHERE log_group = \(group) AND starts_with(name, \(prefix)) AND name > \(page.after)
            ORDER BY name LIMIT \(page.limit + 1)
            """
        ) { row in try stream(row, arn(group, caller)) }
        let names = found.map { $0["logStreamName"]?.string ?? "" }
        return page.answer(
            "logStreams", Array(found.prefix(page.limit)), last: found.count > page.limit ? names[page.limit - 1] : nil)
    }

    private static func stream(_ row: borrowing Row, _ group: String) throws -> JSONValue {
        let name = try row.text("name")
        let (first, last) = (try row.intOptional("first"), try row.intOptional("last"))
        return .members([
            ("logStreamName", .string(name)), ("creationTime", JSONValue(try row.milliseconds("created_at"))),
            ("firstEventTimestamp", first.map { JSONValue($0) }), ("lastEventTimestamp", last.map { JSONValue($0) }),
            ("lastIngestionTime", last.map { JSONValue($0) }), ("arn", .string(group + ":log-stream:" + name)),
        ])
    }

    private static func arn(_ group: String, _ caller: LocalCaller) -> String {
        "arn:aws:logs:\(BatchName.region):\(caller.account):log-group:\(group)"
    }

    /// From `logGroupName`, or an identifier that may be an ARN.
    static func groupName(_ request: RequestMembers) throws(LocalFault) -> String {
        let identifier = try request.string("logGroupIdentifier")
        let fromARN = identifier.map {
            $0.hasPrefix("arn:") ? $0.split(separator: ":").dropFirst(6).first.map(String.init) : $0
        }
        guard let name = try request.string("logGroupName") ?? fromARN ?? nil else {
            throw .parameter("logGroupName is needed")
        }
        let isValid = name.utf8.allSatisfy { BatchName.isAlphanumeric($0) || "._-/#".utf8.contains($0) }
        guard isValid, (1...512).contains(name.utf8.count) else {
            throw .parameter("logGroupName must be 1 to 512 of the characters a-z, A-Z, 0-9, '_', '-', '/', '.', '#'")
        }
        return name
    }

    static func streamName(_ request: RequestMembers) throws(LocalFault) -> String {
        guard let name = try request.string("logStreamName"), (1...512).contains(name.unicodeScalars.count),
            !name.contains(":"), !name.contains("*"), !name.utf8.contains(0)
        else { throw .parameter("logStreamName must be 1 to 512 characters without ':' and '*'") }
        return name
    }

    static func require(_ group: String, _ database: inout Connection) throws {
        let found = try database.row("SELECT 1 FROM log_groups WHERE name = \(group)") { row in try row.int(0) }
        guard found != nil else { throw LocalFault.absent("The specified log group does not exist.") }
    }

    private static func exists(_ text: String) -> LocalFault {
        LocalFault(code: "ResourceAlreadyExistsException", message: text)
    }

    /// At most 50 by name; the token is the last name.
    private struct Page {
        let limit: Int
        let after: String

        init(_ request: RequestMembers) throws(LocalFault) {
            limit = try request.integer("limit") ?? 50
            guard (1...50).contains(limit) else { throw .parameter("limit must be between 1 and 50") }
            after = try request.string("nextToken") ?? ""
        }

        func answer(_ name: String, _ items: [JSONValue], last: String?) -> JSONValue {
            .members([(name, .array(items)), ("nextToken", last.map { .string($0) })])
        }
    }
}

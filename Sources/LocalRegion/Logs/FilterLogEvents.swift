internal import JSON
internal import PostgreSQL

/// Events of up to a hundred streams of one group, by time, at most 10,000 or 1 MiB a page. A token names the last event
/// of the page before; at the end there is none.
struct FilterLogEvents {
    private let streams: [Int]
    private let from: Int?
    /// Included, unlike GetLogEvents'.
    private let until: Int?
    private let limit: Int
    private let pattern: FilterPattern
    private let after: Place

    /// An event's place in the order of the answer.
    private struct Place {
        var at = Int.min
        var stream = 0
        var number = 0

        var text: String { "\(at)/\(stream)/\(number)" }
    }

    private struct Event {
        let place: Place
        let name: String
        let message: String
    }

    private static let pageBytes = 1 << 20

    static func answer(_ input: JSONValue, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let page = try FilterLogEvents(request, streams: find(request, &database))
        return page.answer(try page.events(&database))
    }

    private init(_ request: RequestMembers, streams: [Int]) throws(LocalFault) {
        self.streams = streams
        from = try request.integer("startTime")
        until = try request.integer("endTime")
        limit = try request.integer("limit") ?? 10_000
        guard (1...10_000).contains(limit) else { throw .parameter("limit must be between 1 and 10000") }
        pattern = try FilterPattern(try request.string("filterPattern") ?? "")
        guard let token = try request.string("nextToken") else {
            after = Place()
            return
        }
        let numbers = token.split(separator: "/").compactMap { Int($0) }
        guard numbers.count == 3, token.utf8.count <= 64 else {
            throw .parameter("The specified nextToken is invalid.")
        }
        after = Place(at: numbers[0], stream: numbers[1], number: numbers[2])
    }

    private static func find(_ request: RequestMembers, _ database: inout Connection) throws -> [Int] {
        let group = try LogGroups.groupName(request)
        let (names, prefix) = (try request.strings("logStreamNames"), try request.string("logStreamNamePrefix"))
        guard names == nil || prefix == nil else {
            throw LocalFault.parameter("logStreamNames and logStreamNamePrefix can not both be given")
        }
        guard names.map({ (1...100).contains($0.count) }) ?? true else {
            throw LocalFault.parameter("logStreamNames must have between 1 and 100 names")
        }
        let hasGroup = try database.row("SELECT 1 FROM log_groups WHERE name = \(group)") { try $0.int(0) } != nil
        guard hasGroup else { throw LocalFault.absent("The specified log group does not exist.") }
        let condition: SQL = names.map { "name = ANY(\($0))" } ?? "starts_with(name, \(prefix ?? ""))"
        let found = try database.rows(
            "SELECT id FROM log_streams WHERE log_group = \(group) AND \(fragment: condition)"
        ) { try $0.int(0) }
        guard names.map({ Set($0).count == found.count }) ?? true else {
            throw LocalFault.absent("The specified log stream does not exist.")
        }
        return found
    }

    /// Measures before it fetches, as GetLogEvents does.
    private func events(_ database: inout Connection) throws -> [Event] {
        try database.rows(
            """
            SELECT at, stream, number, name, message FROM (
                SELECT at, stream, number, message,
                    sum(octet_length(message)) OVER (ORDER BY at, stream, number) - octet_length(message) AS before FROM (
                    SELECT at, stream, number, message FROM log_events
                    WHERE stream = ANY(\(streams)) AND (at, stream, number) > (\(after.at), \(after.stream), \(after.number))
                        AND at >= coalesce(\(from), at) AND at <= coalesce(\(until), at)
                        AND \(fragment: pattern.condition)
                    ORDER BY at, stream, number LIMIT \(limit)) AS candidates) AS measured
            JOIN log_streams ON log_streams.id = measured.stream
            WHERE before < \(Self.pageBytes) ORDER BY at, stream, number
            """
        ) { row in
            Event(
                place: Place(at: try row.int(0), stream: try row.int(1), number: try row.int(2)), name: try row.text(3),
                message: try row.text(4))
        }
    }

    /// Only an empty page is surely the last one.
    private func answer(_ events: [Event]) -> JSONValue {
        let items = events.map { event -> JSONValue in
            [
                "logStreamName": .string(event.name), "timestamp": JSONValue(event.place.at),
                "message": .string(event.message), "ingestionTime": JSONValue(event.place.at),
                "eventId": .string("\(event.place.stream)-\(event.place.number)"),
            ]
        }
        return .members([
            ("events", .array(items)), ("searchedLogStreams", []),
            ("nextToken", events.last.map { .string($0.place.text) }),
        ])
    }
}

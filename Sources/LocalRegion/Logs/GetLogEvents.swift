internal import JSON
internal import PostgreSQL

/// A page of one stream, at most 10,000 events and 1 MiB. A token names a place between two events: the page after it
/// (`f/…`) or before it (`b/…`). Where nothing follows, the token that was sent comes back.
struct GetLogEvents {
    private let stream: Int
    private let from: Int?
    private let until: Int?
    private let limit: Int
    private let place: Place

    private enum Place {
        case head, tail
        /// Numbers of the events beside the place.
        case after(Int), before(Int)
    }

    private static let pageBytes = 1 << 20

    static func answer(_ input: JSONValue, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let page = try GetLogEvents(request, stream: find(request, &database))
        return page.answer(try page.events(&database))
    }

    private init(_ request: RequestMembers, stream: Int) throws(LocalFault) {
        self.stream = stream
        from = try request.integer("startTime")
        until = try request.integer("endTime")
        limit = try request.integer("limit") ?? 10_000
        guard (1...10_000).contains(limit) else { throw .parameter("limit must be between 1 and 10000") }
        guard let token = try request.string("nextToken") else {
            place = try request.bool("startFromHead") ?? false ? .head : .tail
            return
        }
        guard let number = Int(token.dropFirst(2)), number >= 0, token.utf8.count <= 20 else {
            throw .parameter("The specified nextToken is invalid.")
        }
        switch token.prefix(2) {
        case "f/": place = .after(number)
        case "b/": place = .before(number)
        default: throw .parameter("The specified nextToken is invalid.")
        }
    }

    private static func find(_ request: RequestMembers, _ database: inout Connection) throws -> Int {
        let identifier = try request.string("logGroupIdentifier")
        guard let name = try request.string("logGroupName") ?? identifier?.split(separator: ":").last.map(String.init),
            let stream = try request.string("logStreamName")
        else { throw LocalFault.parameter("logGroupName and logStreamName are needed") }
        let found = try database.row(
            """
            SELECT (SELECT id FROM log_streams WHERE log_group = log_groups.name AND name = \(stream))
            FROM log_groups WHERE name = \(name)
            """
        ) { row in try row.intOptional(0) }
        guard let found else { throw LocalFault.absent("The specified log group does not exist.") }
        guard let found else { throw LocalFault.absent("The specified log stream does not exist.") }
        return found
    }

    private struct Event {
        let number: Int
        let at: Int
        let message: String
    }

    /// In their order; cut where the page is full, on the side away from the place.
    private func events(_ database: inout Connection) throws -> [Event] {
        let found = try database.rows(query) { row in
            Event(number: try row.int(0), at: try row.int(1), message: try row.text(2))
        }
        var bytes = 0
        let fitting = found.prefix { event in
            bytes += event.message.utf8.count
            return bytes <= Self.pageBytes || bytes == event.message.utf8.count
        }
        return isForward ? Array(fitting) : fitting.reversed()
    }

    private var isForward: Bool {
        switch place {
        case .head, .after: true
        case .tail, .before: false
        }
    }

    /// Measures before it fetches: a page of 1 MB lines must not read 10,000 of them.
    private var query: SQL {
        let order: SQL = isForward ? "number" : "number DESC"
        let bound: SQL =
            switch place {
            case .head, .tail: "true"
            case .after(let number): "number > \(number)"
            case .before(let number): "number < \(number)"
            }
        return """
            SELECT number, at, message FROM (
                SELECT number, at, message, sum(size) OVER (ORDER BY \(fragment: order)) - size AS before FROM (
                    SELECT number, at, message, octet_length(message) AS size FROM log_events
                    WHERE stream = \(stream) AND \(fragment: bound) AND at >= coalesce(\(from), at)
                        AND (at < \(until) OR \(until)::bigint IS NULL)
                    ORDER BY \(fragment: order) LIMIT \(limit)) AS candidates) AS measured
            WHERE before < \(Self.pageBytes) ORDER BY \(fragment: order)
            """
    }

    private func answer(_ events: [Event]) -> JSONValue {
        let items = events.map { event -> JSONValue in
            ["timestamp": JSONValue(event.at), "message": .string(event.message), "ingestionTime": JSONValue(event.at)]
        }
        let (backward, forward) = tokens(events)
        return [
            "events": .array(items), "nextForwardToken": .string("f/\(forward)"),
            "nextBackwardToken": .string("b/\(backward)"),
        ]
    }

    /// The places before the first and after the last event of the page.
    private func tokens(_ events: [Event]) -> (backward: Int, forward: Int) {
        if let first = events.first, let last = events.last { return (first.number, last.number) }
        switch place {
        case .head, .tail: return (1, 0)
        case .after(let number): return (number + 1, number)
        case .before(let number): return (number, max(0, number - 1))
        }
    }
}

extension LocalFault {
    static func parameter(_ text: String) -> LocalFault {
        LocalFault(code: "InvalidParameterException", message: text)
    }

    static func absent(_ text: String) -> LocalFault {
        LocalFault(code: "ResourceNotFoundException", message: text)
    }
}

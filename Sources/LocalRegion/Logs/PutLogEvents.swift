internal import JSON
internal import PostgreSQL
internal import Processes

/// Events of one stream, in the order of their times. Those older than 14 days or more than two hours ahead are left
/// out, and the answer says so.
enum PutLogEvents {
    private static let largestBatch = 1 << 20
    private static let overhead = 26

    static func answer(_ input: JSONValue, _ database: inout Connection) throws -> JSONValue {
        let request = try RequestMembers(input)
        let (group, name) = (try LogGroups.groupName(request), try LogGroups.streamName(request))
        let events = try events(request)
        try LogGroups.require(group, &database)
        let now = Int(Clock.milliseconds())
        let tooOld = events.prefix { $0.at < now - 14 * 86_400_000 }.count
        let tooNew = events.drop { $0.at <= now + 7_200_000 }.count
        let fit = events[tooOld..<(events.count - tooNew)]
        let stream = try database.transaction { database -> Int? in
            // Whoever writes to the stream at the same time waits: numbers have no gaps.
            try database.execute("SELECT pg_advisory_xact_lock(hashtextextended(\("batchport.local.log." + name), 0))")
            let stream = try database.row(
                "SELECT id FROM log_streams WHERE log_group = \(group) AND name = \(name)"
            ) { row in try row.int(0) }
            guard let stream else { return nil }
            try database.execute(
                """
                INSERT INTO log_events (stream, number, at, message)
                SELECT \(stream), place + coalesce((SELECT max(number) FROM log_events WHERE stream = \(stream)), 0), at, message
                FROM unnest(\(fit.map(\.at)), \(fit.map(\.message))) WITH ORDINALITY AS event (at, message, place)
                """)
            return stream
        }
        guard stream != nil else { throw LocalFault.absent("The specified log stream does not exist.") }
        let rejected: [(String, JSONValue?)] = [
            ("tooOldLogEventEndIndex", tooOld > 0 ? JSONValue(tooOld) : nil),
            ("tooNewLogEventStartIndex", tooNew > 0 ? JSONValue(events.count - tooNew) : nil),
        ]
        return .members([("rejectedLogEventsInfo", tooOld + tooNew > 0 ? .members(rejected) : nil)])
    }

    private static func events(_ request: RequestMembers) throws(LocalFault) -> [(at: Int, message: String)] {
        let items = try request.objects("logEvents") ?? []
        guard (1...10_000).contains(items.count) else { throw .parameter("logEvents must have 1 to 10000 events") }
        var events: [(at: Int, message: String)] = []
        for item in items {
            guard let at = try item.integer("timestamp"), at >= 0, let message = try item.string("message"),
                !message.isEmpty, !message.utf8.contains(0)
            else { throw .parameter("Every event needs a timestamp and a message") }
            guard at >= events.last?.at ?? 0 else {
                throw .parameter("Log events in a single PutLogEvents request must be in chronological order.")
            }
            events.append((at, message))
        }
        let size = events.reduce(0) { $0 + $1.message.utf8.count + overhead }
        guard size <= largestBatch else { throw .parameter("Upload too large: \(size) bytes exceeds limit of 1048576") }
        return events
    }
}

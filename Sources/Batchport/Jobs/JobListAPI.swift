import FoundationEssentials
import HTTP
import JSON
import PostgreSQL

/// The list of jobs over JSON: every filter by name, pages by cursor.
enum JobListAPI {
    static let routes: [Route] = [
        .get("/api/v1/jobs", .token(.jobsRead), asking: { call in [try filter(call.request.query).query] }, list)
    ]

    private static let parameters: Set<String> = [
        "type", "status", "phase", "settled", "environment", "owner", "q", "since", "until", "ids", "limit", "cursor",
    ]

    private static func list(_ call: Call, _ answers: [QueryResult], _ scope: inout Scope) throws -> Response {
        let filter = try filter(call.request.query)
        let page = try JobPageOfList(answers.first, limit: filter.limit)
        var response: Response
        if try ETag.matches(page.tag, call.request) {
            response = Response(status: 304)
        } else {
            let own = try scope.identity().name
            response = .json([
                "items": .array(page.lines.map { $0.json(ownerName: $0.ownerName ?? own) }),
                "nextCursor": JSONValue(page.next?.text),
            ])
        }
        response.headers.set("ETag", page.tag)
        if let at = page.checkedAt { response.headers.set("Batchport-Checked-At", Instant(at).rfc3339()) }
        return response
    }

    private static func filter(_ query: Query) throws -> JobFilter {
        try Parameters.only(parameters, in: query)
        var problems: [Failure.Problem] = []
        func refuse(_ name: String, _ message: String) {
            problems.append(.init("/" + name, "malformed", message))
        }
        let search = JobSearch(try query.one("q") ?? "")
        for problem in search.problems { refuse("q", problem) }
        var filter = search.filter
        if let type = try query.one("type"), !["Single", "Array"].contains(type) {
            refuse("type", "The type must be Single or Array.")
        } else if try query.one("type") == "Array" {
            filter.ids = [UUID()]  // There are none yet, and so the list is empty.
        }
        filter.statuses = try words("status", query, JobState.statuses.map(\.word), refuse)
        filter.phases = try words("phase", query, JobState.phases.map(\.key), refuse)
        filter.settled = try Parameters.flag("settled", in: query) ?? filter.settled
        filter.environment = try query.one("environment") ?? filter.environment
        if let owner = try query.one("owner") {
            if owner == "me" { filter.onlyMine = true } else { refuse("owner", "The owner must be me.") }
        }
        filter.since = try time("since", query, refuse) ?? filter.since
        filter.until = try time("until", query, refuse) ?? filter.until
        if let text = try query.one("ids") {
            let parts = text.split(separator: ",").map(String.init)
            filter.ids = parts.compactMap(UUID.init(uuidString:))
            if filter.ids.count != parts.count || !(1...100).contains(parts.count) {
                refuse("ids", "There must be 1 to 100 JobUUIDs, parted by commas.")
            }
        }
        guard problems.isEmpty else {
            throw Failure.unreadable("Some parameters cannot be read.", problems)
        }
        filter.limit = try Numbers.one("limit", in: query, 1...200) ?? 50
        if let text = try query.one("cursor") {
            guard let cursor = JobFilter.Cursor(text) else { throw Failure.badCursor }
            filter.cursor = cursor
        }
        return filter
    }

    private static func words(
        _ name: String, _ query: Query, _ known: [String], _ refuse: (String, String) -> Void
    ) throws -> [String] {
        let words = try query.one(name)?.split(separator: ",").map(String.init) ?? []
        for word in words where !known.contains(word) {
            refuse(
                name,
                "There is no \(name) named \u{201C}\(word.prefix(64))\u{201D}; known are \(known.joined(separator: ", "))."
            )
        }
        return words
    }

    private static func time(_ name: String, _ query: Query, _ refuse: (String, String) -> Void) throws -> Int64? {
        guard let text = try query.one(name) else { return nil }
        let found = Instant(rfc3339: text)
        if found == nil { refuse(name, "\(name) must be a time such as 2026-11-22T10:51:33Z.") }
        return found?.milliseconds
    }
}

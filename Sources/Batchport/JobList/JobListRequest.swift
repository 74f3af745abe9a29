import FoundationEssentials
import HTTP

/// Which jobs an address asks for. The page and the API read it here, so that they cannot disagree.
struct JobListRequest {
    let search: JobSearch
    private(set) var filter = JobFilter()
    private(set) var problems: [Failure.Problem] = []
    /// Parameters beside the search line, as they were given.
    let others: [Query.Item]

    private static let narrowing = [
        "type", "status", "phase", "settled", "environment", "owner", "since", "until", "ids",
    ]
    private static let known = Set(narrowing + ["q", "limit", "cursor"])

    init(_ query: Query, allowing more: Set<String> = []) throws {
        try Parameters.only(Self.known.union(more), in: query)
        search = JobSearch(try query.one("q") ?? "")
        others = query.items.filter { Self.narrowing.contains($0.name) }
        filter.terms = search.terms
        for problem in search.problems { refuse("q", problem) }
        for name in Self.narrowing {
            guard let text = try query.one(name) else { continue }
            let tests = tests(name, text)
            if !tests.isEmpty { filter.terms.append(.init(anyOf: tests)) }
        }
        if let text = try query.one("limit") {
            if let limit = Int(text), (1...200).contains(limit) {
                filter.limit = limit
            } else {
                refuse("limit", "The limit must be a number from 1 to 200.", limit: 200)
            }
        }
        if let text = try query.one("cursor") {
            filter.cursor = JobFilter.Cursor(text)
            if filter.cursor == nil { refuse("cursor", "The cursor must be one from an earlier answer.") }
        }
    }

    /// What can be read of it, or every fault at once.
    func checked() throws -> JobFilter {
        guard problems.isEmpty else { throw Failure.unreadable("Some parameters cannot be read.", problems) }
        return filter
    }

    private mutating func refuse(_ name: String, _ message: String, limit: Int? = nil) {
        problems.append(.init("/" + name, "malformed", message, limit: limit))
    }

    private mutating func tests(_ name: String, _ text: String) -> [JobFilter.Test] {
        switch name {
        case "type": return words(name, text, ["Single", "Array"]).map(JobFilter.Test.type)
        case "status":
            let found = words(name, text, JobState.statuses.map(\.word))
            return found.isEmpty ? [] : [.statuses(found)]
        case "phase":
            let found = words(name, text, JobState.phases.map(\.key))
            return found.isEmpty ? [] : [.phases(found)]
        case "settled":
            // As the search line has it, too.
            switch text {
            case "true", "yes": return [.settled(true)]
            case "false", "no": return [.settled(false)]
            default: refuse(name, "settled must be true or false.")
            }
            return []
        case "environment": return [.environment(text)]
        case "owner": return [text == "me" ? .mine : .owner(text)]
        case "since": return moment(name, text).map { [.since($0)] } ?? []
        case "until": return moment(name, text).map { [.until($0)] } ?? []
        default: return ids(text)
        }
    }

    private mutating func words(_ name: String, _ text: String, _ known: [String]) -> [String] {
        let words = text.split(separator: ",").map(String.init)
        for word in words.isEmpty ? [""] : words where !known.contains(word) {
            refuse(
                name,
                "There is no \(name) named \u{201C}\(word.prefix(64))\u{201D}; known are \(known.joined(separator: ", "))."
            )
        }
        return words
    }

    private mutating func moment(_ name: String, _ text: String) -> Int64? {
        let found = Instant(rfc3339: text)
        if found == nil { refuse(name, "\(name) must be a time such as 2026-11-22T10:51:33Z.") }
        return found?.milliseconds
    }

    private mutating func ids(_ text: String) -> [JobFilter.Test] {
        let parts = text.split(separator: ",").map(String.init)
        let ids = parts.compactMap(UUID.init(uuidString:))
        guard ids.count == parts.count, (1...100).contains(ids.count) else {
            refuse("ids", "There must be 1 to 100 JobUUIDs, parted by commas.", limit: 100)
            return []
        }
        return [.ids(ids)]
    }
}

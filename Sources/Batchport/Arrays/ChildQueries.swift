import FoundationEssentials
import HTTP
import PostgreSQL

/// Where a page of children ended.
struct ChildCursor: Equatable {
    /// See `ChildFilter.ranks`; 0 where children are in their own order.
    let rank: Int
    let k: Int

    var text: String { "\(rank)-\(k)" }

    init(rank: Int, k: Int) {
        self.rank = rank
        self.k = k
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2, (0...9).contains(parts[0]), parts[1] >= 0, "\(parts[0])-\(parts[1])" == text else {
            return nil
        }
        self.init(rank: parts[0], k: parts[1])
    }
}

struct ChildFilter {
    var statuses: [String] = []
    /// Failed ones first, then those on their way, the furthest first, and at last those that succeeded.
    var failedFirst = false
    var cursor: ChildCursor?
    var limit = 50

    /// The states by rank; nil where AWS has not spoken yet.
    private static let ranks = [
        "Failed", ChildCounts.lost, "Running", "Starting", "Runnable", "Pending", "Submitted", nil, "Succeeded",
    ]

    /// Whether `children c` is in it: one that is lost is in no status any more.
    private static func isIn(_ word: String?) -> SQL {
        if word == ChildCounts.lost { return "c.lost" }
        return word.map { "(c.status = \($0) AND NOT c.lost)" } ?? "(c.status IS NULL AND NOT c.lost)"
    }

    /// One row more than `limit` tells that there is a next page.
    func query(_ job: UUID) -> SQL {
        failedFirst ? byRank(job) : inOrder(job)
    }

    private func inOrder(_ job: UUID) -> SQL {
        var conditions: [SQL] = ["c.job = \(job)"]
        if !statuses.isEmpty {
            conditions.append("(\(fragments: statuses.map { Self.isIn($0) }, separator: " OR "))")
        }
        if let cursor { conditions.append("c.k > \(cursor.k)") }
        return """
            SELECT \(fragment: ArrayChild.columns), 0 AS rank FROM children c
            WHERE \(fragments: conditions, separator: " AND ") ORDER BY c.k LIMIT \(limit + 1)
            """
    }

    /// A page's worth of each rank, by the index of statuses: the others are not looked at.
    private func byRank(_ job: UUID) -> SQL {
        let first = cursor?.rank ?? 0
        let stretches = Self.ranks.enumerated().compactMap { rank, status -> SQL? in
            guard rank >= first, statuses.isEmpty || status.map(statuses.contains) == true else { return nil }
            let here = Self.isIn(status)
            let after = rank == first ? cursor?.k ?? -1 : -1
            return """
                (SELECT \(fragment: ArrayChild.columns), \(rank)::int AS rank FROM children c
                WHERE c.job = \(job) AND \(fragment: here) AND c.k > \(after) ORDER BY c.k LIMIT \(limit + 1))
                """
        }
        guard !stretches.isEmpty else {
            return "SELECT \(fragment: ArrayChild.columns), 0 AS rank FROM children c WHERE false"
        }
        return """
            SELECT * FROM (\(fragments: stretches, separator: " UNION ALL ")) AS c ORDER BY rank, k LIMIT \(limit + 1)
            """
    }
}

struct ChildPageOfList {
    let children: [ArrayChild]
    let next: ChildCursor?

    init(_ answer: QueryResult, limit: Int, failedFirst: Bool) throws {
        let found = try answer.rows { (try ArrayChild($0), try $0.int("rank")) }
        children = found.prefix(limit).map(\.0)
        let last = found.count > limit ? found[limit - 1] : nil
        next = last.map { ChildCursor(rank: failedFirst ? $0.1 : 0, k: $0.0.k) }
    }
}

extension Connection {
    /// In one transaction that says beforehand whose children, or results, it reads: whether the asker sees that job is then
    /// asked once, and not for each of them (policy `with_job`).
    mutating func pipeline(_ statements: [SQL], readingOf job: UUID) throws -> [QueryResult] {
        let say: SQL = "SELECT set_config('batchport.job', \(job.lower), true)"
        return Array(try pipeline([say] + statements).dropFirst())
    }

    mutating func child(_ k: Int, of job: UUID) throws -> ArrayChild? {
        try row("SELECT \(fragment: ArrayChild.columns) FROM children c WHERE c.job = \(job) AND c.k = \(k)") {
            try ArrayChild($0)
        }
    }

    /// The child that the address names by AWS's own id of it, `PARENT:k`; nil where it names none that the asker may see.
    mutating func childByProvidersID(_ call: Call) throws -> (job: Job, child: ArrayChild)? {
        guard let text = call.parameters.first, let colon = text.lastIndex(of: ":"),
            let k = Int(text[text.index(after: colon)...]), (0..<SplitMethod.mostChildren).contains(k),
            let job = try job(eitherID: String(text[..<colon])), let child = try child(k, of: job.id),
            child.providerJobID(job) == text
        else { return nil }
        return (job, child)
    }

    /// The array and the child that an address names, if the asker may see them.
    mutating func seenChild(_ call: Call) throws -> (job: Job, child: ArrayChild) {
        let job = try seen(call)
        guard call.parameters.count > 1, let k = Int(call.parameters[1]), String(k) == call.parameters[1],
            (0..<SplitMethod.mostChildren).contains(k), let child = try child(k, of: job.id)
        else { throw Failure.notFound }
        return (job, child)
    }
}

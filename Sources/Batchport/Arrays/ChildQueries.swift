import FoundationEssentials
import HTTP
import PostgreSQL

/// Where a page of children ended.
struct ChildCursor: Equatable {
    /// See `ChildFilter.rank`; 0 where children are in their own order.
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

    /// Of `children c`.
    static let rank: SQL = """
        (CASE c.status WHEN 'Failed' THEN 0 WHEN 'Running' THEN 1 WHEN 'Starting' THEN 2 WHEN 'Runnable' THEN 3
            WHEN 'Pending' THEN 4 WHEN 'Submitted' THEN 5 WHEN 'Succeeded' THEN 7 ELSE 6 END)
        """

    /// One row more than `limit` tells that there is a next page.
    func query(_ job: UUID) -> SQL {
        var conditions: [SQL] = ["c.job = \(job)"]
        if !statuses.isEmpty { conditions.append("c.status = ANY(\(statuses))") }
        if let cursor {
            conditions.append(
                failedFirst
                    ? "(\(fragment: Self.rank), c.k) > (\(cursor.rank)::int, \(cursor.k)::int)" : "c.k > \(cursor.k)")
        }
        let order: SQL = failedFirst ? "\(fragment: Self.rank), c.k" : "c.k"
        return """
            SELECT \(fragment: ArrayChild.columns), \(fragment: Self.rank) AS rank FROM children c
            WHERE \(fragments: conditions, separator: " AND ") ORDER BY \(fragment: order) LIMIT \(limit + 1)
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
    mutating func child(_ k: Int, of job: UUID) throws -> ArrayChild? {
        try row("SELECT \(fragment: ArrayChild.columns) FROM children c WHERE c.job = \(job) AND c.k = \(k)") {
            try ArrayChild($0)
        }
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

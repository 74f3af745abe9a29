package import PostgreSQL

extension SQL {
    /// Enqueues within the caller's transaction or pipeline; the row's only column `id` is NULL when an unfinished task
    /// has the same `uniqueKey`, which is then enough.
    /// - Parameter runAt: the earliest time; nil means at once, by the server's clock.
    package static func enqueue(
        kind: String, arguments: JSONText = JSONText("{}"), lane: Lane = .ordinary, runAt: Timestamp? = nil,
        uniqueKey: String? = nil, maxAttempts: Int = 25
    ) -> SQL {
        """
        SELECT enqueue_task(\(kind), \(arguments), \(lane), \(runAt), \(uniqueKey), \(maxAttempts)::int) AS id
        """
    }
}

extension Connection {
    /// The new task's id, nil when `uniqueKey` made it superfluous.
    @discardableResult
    package mutating func enqueue(
        kind: String, arguments: JSONText = JSONText("{}"), lane: Lane = .ordinary, runAt: Timestamp? = nil,
        uniqueKey: String? = nil, maxAttempts: Int = 25
    ) throws -> Int? {
        let sql = SQL.enqueue(
            kind: kind, arguments: arguments, lane: lane, runAt: runAt, uniqueKey: uniqueKey, maxAttempts: maxAttempts)
        return try row(sql) { row in try row.intOptional("id") } ?? nil
    }
}

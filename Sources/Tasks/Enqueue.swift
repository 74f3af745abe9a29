package import PostgreSQL

extension SQL {
    /// Enqueues within the caller's transaction or pipeline; the row's only column `id` is NULL when an unfinished task
    /// has the same `uniqueKey`, which is then enough.
    /// - Parameters:
    ///   - runAt: the earliest time; nil means at once, by the server's clock.
    ///   - party: for whom it is done; parties take turns. Nil for what is nobody's: it never stands behind.
    ///   - gates: it is not claimed while one of these is closed.
    package static func enqueue(
        kind: String, arguments: JSONText = JSONText("{}"), lane: Lane = .ordinary, runAt: Timestamp? = nil,
        uniqueKey: String? = nil, maxAttempts: Int = 25, party: String? = nil, gates: [String] = []
    ) -> SQL {
        let gates = gates.isEmpty ? nil : gates
        return """
            SELECT enqueue_task(\(kind), \(arguments), \(lane), \(runAt), \(uniqueKey), \(maxAttempts)::int, \(party),
                \(gates)) AS id
            """
    }
}

extension Connection {
    /// The new task's id, nil when `uniqueKey` made it superfluous.
    @discardableResult
    package mutating func enqueue(
        kind: String, arguments: JSONText = JSONText("{}"), lane: Lane = .ordinary, runAt: Timestamp? = nil,
        uniqueKey: String? = nil, maxAttempts: Int = 25, party: String? = nil, gates: [String] = []
    ) throws -> Int? {
        let sql = SQL.enqueue(
            kind: kind, arguments: arguments, lane: lane, runAt: runAt, uniqueKey: uniqueKey, maxAttempts: maxAttempts,
            party: party, gates: gates)
        return try row(sql) { row in try row.intOptional("id") } ?? nil
    }
}

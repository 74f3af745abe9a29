import PostgreSQL
import Tasks

extension ClaimedTask {
    /// For trouble that passes by itself, however long that takes: soon at first, within half a minute later, for ever.
    /// Full jitter: whoever failed together does not come again together.
    func patiently(_ reason: String) -> TaskOutcome {
        let wait = Int.random(in: 0...min(30_000, 500 << min(attempt, 6)))
        return isLastAttempt
            ? .again(afterMilliseconds: wait) : .retry(reason: reason, afterMilliseconds: wait)
    }
}

extension Connection {
    /// A limit's row; an admin may have taken it away.
    mutating func workerLimit(_ name: String, else fallback: Int) throws -> Int {
        try row("SELECT value FROM limits WHERE name = \(name)") { try $0.int(0) } ?? fallback
    }
}

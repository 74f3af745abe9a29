package import PostgreSQL

/// A task in a worker's hands.
package struct ClaimedTask: Sendable {
    package let kind: String
    package let arguments: JSONText
    /// 1 at the first attempt.
    package let attempt: Int
    package let maxAttempts: Int
    /// Behind a gate that lets one through at a time: to be done only after `pass(_:)`.
    package let isProbe: Bool
    package let lease: Lease

    package var id: Int { lease.id }
    package var isLastAttempt: Bool { attempt >= maxAttempts }
}

/// Threads reserved for `interactive` tasks keep them from waiting behind uploads.
package enum Lane: String, Sendable, PostgresEncodable {
    case interactive
    case ordinary
}

/// What a handler made of its task.
package enum TaskOutcome: Sendable {
    case done
    /// The handler has written the task's end in its own transaction.
    case settled
    /// The same task again, with a fresh count of attempts.
    case again(afterMilliseconds: Int)
    /// Later, by back-off unless a delay is given; discarded after the last attempt. `reason` is kept in the row: it
    /// must hold no secret.
    case retry(reason: String, afterMilliseconds: Int? = nil)
    case discard(reason: String)
}

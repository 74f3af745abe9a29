import FoundationEssentials
import PostgreSQL
import Tasks

/// A capture that failed, told to the job's owner once it is more than a hiccup.
struct CaptureTrouble {
    let job: UUID
    let task: ClaimedTask
    /// Why, for the owner.
    let sentence: String

    /// What its owner is told of an error that the capture did not deal with. The error itself is an admin's to see.
    static func sentence(_ error: any Error) -> String {
        guard let error = error as? PostgresError else {
            return "Something went wrong in Batchport itself; an admin sees it on the system page."
        }
        return error.kind == .decoding
            ? "Batchport cannot read its own database; an admin sees it on the system page."
            : "Batchport's own database did not take all of it in time."
    }

    /// Notes the failure and when it is tried again, which is settled here for that reason.
    func noted(_ outcome: TaskOutcome, _ bench: inout Workbench) throws -> TaskOutcome {
        switch outcome {
        case .retry(let reason, let milliseconds):
            var generator = SystemRandomNumberGenerator()
            let wait = milliseconds ?? Backoff.milliseconds(attempt: task.attempt, using: &generator)
            try note(wait, &bench)
            return .retry(reason: reason, afterMilliseconds: wait)
        case .again(let wait):
            try note(wait, &bench)
            return outcome
        case .done, .settled, .discard: return outcome
        }
    }

    private func note(_ wait: Int, _ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE jobs SET capture_failures = capture_failures + 1,
                    capture_again_at = clock_timestamp() + \(wait) * interval '1 ms',
                    capture_detail = CASE WHEN capture_failures > 0 THEN \(sentence)::text END
                WHERE id = \(job) AND settled_at IS NULL
                """)
        }
    }
}

import AWS
import Logging
import PostgreSQL
import Tasks

/// What an error that a handler did not deal with makes of its task. Reasons name codes, never values.
enum TaskFailure {
    static func outcome(_ error: any Error, of task: ClaimedTask, _ log: Logger) -> TaskOutcome {
        switch error {
        case let error as UnreadableArguments: return .discard(reason: "the argument \(error.name) is not readable")
        case let error as AWSError: return .retry(reason: error.description)
        // However long that lasts. Not at one moment all of them, when it is unsealed.
        case is VaultSealed: return .again(afterMilliseconds: Int.random(in: 1000...4000))
        case let error as CredentialTrouble: return .retry(reason: error.sentence)
        case let error as PostgresError where error.isTransient:
            return .retry(reason: "\(error)", afterMilliseconds: 50)
        case let error as PostgresError where error.passesByItself:
            log.warning("the database went away", metadata: ["kind": "\(task.kind)", "task": "\(task.id)"])
            return task.patiently("\(error)")
        default: break
        }
        log.error(
            "task failed",
            metadata: [
                "kind": "\(task.kind)", "task": "\(task.id)", "attempt": "\(task.attempt)",
                "error": "\(LoggedError.text(error))",
            ])
        return .retry(reason: LoggedError.text(error))
    }
}

extension PostgresError {
    /// It says nothing against the task. A statement that took too long (57014) may do so again.
    fileprivate var passesByItself: Bool { kind == .unknownCommit || (meansUnavailable && sqlState != "57014") }
}

import FoundationEssentials
import JSON
import PostgreSQL

/// Asks for a settled job to be removed with all that belongs to it. The worker does it; asked twice is no error.
enum Deletion {
    static func request(_ job: Job, _ scope: inout Scope) throws {
        guard job.mayBeStopped else { throw Failure.notYoursToDelete }
        if job.deleteRequestedAt != nil { return }
        guard job.isSettled else { throw Failure.notSettled }
        let person = try scope.identity().person
        try scope.database.transaction { database in
            let changed = try database.execute(
                """
                UPDATE jobs SET delete_requested_at = now(), delete_requested_by = \(person)
                WHERE id = \(job.id) AND settled_at IS NOT NULL AND delete_requested_at IS NULL
                """)
            guard changed == 1 else { return }
            try database.execute(
                Audit.entry(by: person, "job.delete", on: "job", job.id, detail: ["name": .string(job.name)]))
            try database.enqueue(DeletionTask.kind.name, ["job": .string(job.idText)], for: job.id)
        }
    }
}

extension Failure {
    fileprivate static let notYoursToDelete = Failure(
        status: 403, type: "not-yours", title: "Not yours to delete",
        detail: "You may see this job, but only its owner, a manager of its environment or an admin may delete it.")
    fileprivate static let notSettled = conflict(
        "The job is not settled yet, so it cannot be deleted: abort it first, and wait for its end.")
}

extension Connection {
    /// Every job that is being deleted has a task that does it.
    mutating func findLostDeletions() throws {
        try execute(
            """
            SELECT enqueue_task('delete', jsonb_build_object('job', id), 'ordinary', NULL, 'delete/' || id, 25) FROM jobs
            WHERE delete_requested_at < now() - interval '1 minute' AND NOT EXISTS (SELECT FROM tasks t
                WHERE t.unique_key = 'delete/' || jobs.id AND t.state IN ('available', 'running', 'retryable'))
            """)
    }
}

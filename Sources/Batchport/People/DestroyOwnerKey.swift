import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import Vault

/// The vault key of a deleted person or environment goes (trust.md S37): whatever copy of their secrets a backup has stays
/// unreadable. It may be done again.
enum DestroyOwnerKey {
    static let kind = TaskKind("destroyOwnerKey", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let person = try? task.id("person")
        let owner = try person ?? task.id("environment")
        let isDeleted = try bench.database.row(
            person == nil
                ? "SELECT deleted_at IS NOT NULL FROM environments WHERE id = \(owner)"
                : "SELECT deleted_at IS NOT NULL FROM people WHERE id = \(owner)"
        ) { try $0.bool(0) }
        guard isDeleted == true else { return .discard(reason: "its owner is not deleted") }
        try bench.vault.destroyOwner(owner.lower)
        try bench.write(for: task) { database in
            let isFirst = try database.execute(
                "INSERT INTO vault_destroyed_keys (owner) VALUES (\(owner)) ON CONFLICT DO NOTHING")
            guard isFirst > 0 else { return }
            try database.execute(
                Audit.work(
                    for: nil, "vaultKey.destroyed", on: person == nil ? "environment" : "person", owner))
        }
        return .done
    }
}

extension Connection {
    /// Of the deleted, those whose key has not been seen to go: a task that was given up begins anew.
    mutating func findKeysLeftBehind() throws {
        try execute(
            """
            SELECT enqueue_task('destroyOwnerKey', jsonb_build_object(kind, id), 'ordinary', NULL,
                'destroyOwnerKey/' || id, 25)
            FROM (SELECT 'person' AS kind, id FROM people WHERE deleted_at IS NOT NULL
                UNION ALL SELECT 'environment', id FROM environments WHERE deleted_at IS NOT NULL) gone
            WHERE NOT EXISTS (SELECT FROM vault_destroyed_keys WHERE owner = gone.id)
                AND NOT EXISTS (SELECT FROM tasks t WHERE t.unique_key = 'destroyOwnerKey/' || gone.id
                    AND t.state IN ('available', 'running', 'retryable'))
            LIMIT 1000
            """)
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import Vault

/// A deleted person's vault key goes (trust.md S37): whatever copy of their secrets a backup has stays unreadable.
enum DestroyOwnerKey {
    static let kind = TaskKind("destroyOwnerKey", run: run)

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let person = try task.id("person")
        let isDeleted = try bench.database.row("SELECT deleted_at IS NOT NULL FROM people WHERE id = \(person)") {
            try $0.bool(0)
        }
        guard isDeleted == true else { return .discard(reason: "the person is not deleted") }
        try bench.vault.destroyOwner(person.lower)
        try bench.write(for: task) { database in
            try database.execute(Audit.work(for: nil, "vaultKey.destroyed", on: "person", person))
        }
        return .done
    }
}

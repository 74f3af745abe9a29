import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import Vault

/// Replaces the root key, or every owner's key with all that is sealed under it, while both are used (trust.md S29).
/// Whatever was done before a worker's end is not done again.
enum RotationTask {
    static let kind = TaskKind("rotateVault", run: run)

    /// So much at a time; between, the task may go to another worker.
    static let ownersPerRun = 50

    private static func run(_ task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        let id = try task.id("rotation")
        let kind = try bench.database.row(
            "SELECT kind FROM vault_rotations WHERE id = \(id) AND finished_at IS NULL"
        ) { try $0.text(0) }
        guard let kind else { return .done }
        do {
            try bench.requireUnsealed()
            let rotation = RotationStep(id: id, task: task)
            let isOver = try kind == "root" ? rotation.replaceRoot(&bench) : rotation.replaceOwners(&bench)
            guard isOver else { return .again(afterMilliseconds: 0) }
            try rotation.finish(kind, &bench)
            return .done
        } catch let wait as RotationWaits {
            return try putOff(wait.sentence, id, task, &bench)
        } catch let sealed as VaultSealed {
            return try putOff(sealed.seal.sentence, id, task, &bench)
        } catch let error as VaultError {
            try bench.write(for: task) { database in
                try database.execute(
                    "UPDATE vault_rotations SET trouble = \("The vault: \(error). It is tried again.") WHERE id = \(id)"
                )
            }
            return task.patiently("\(error)")
        }
    }

    private static func putOff(
        _ sentence: String, _ id: UUID, _ task: ClaimedTask, _ bench: inout Workbench
    ) throws -> TaskOutcome {
        try bench.write(for: task) { database in
            try database.execute("UPDATE vault_rotations SET trouble = \(sentence) WHERE id = \(id)")
        }
        return .again(afterMilliseconds: 2000)
    }
}

/// What must be so before it goes on, for the admin's page.
struct RotationWaits: Error {
    let sentence: String
}

/// One run of the task.
struct RotationStep {
    let id: UUID
    let task: ClaimedTask

    func finish(_ kind: String, _ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            _ = try database.pipeline([
                "UPDATE vault_rotations SET finished_at = now(), trouble = NULL WHERE id = \(id)",
                Audit.work(for: nil, "vaultKeys.replaced", on: "site", id, detail: ["kind": .string(kind)]),
            ])
        }
    }

    /// True once no file is under the old root key.
    func replaceRoot(_ bench: inout Workbench) throws -> Bool {
        let vault = try bench.vault
        let standing = try vault.rootStanding()
        // Begun already, where the next one is in use.
        if standing.inUse.count == 1 {
            guard let next = standing.next else { return true }
            try requireEverywhere(next, &bench)
        }
        try vault.beginRootRotation()
        let owners = try vault.owners()
        for (index, owner) in owners.enumerated() {
            if index.isMultiple(of: RotationTask.ownersPerRun) {
                try bench.stop.check()
                try progress(index, of: owners.count, &bench)
            }
            try vault.rewrap(owner)
        }
        try progress(owners.count, of: owners.count, &bench)
        try vault.endRootRotation()
        return true
    }

    /// A worker without the new root key could open nothing that is under it.
    private func requireEverywhere(_ next: String, _ bench: inout Workbench) throws {
        let without =
            try bench.database.row(
                """
                SELECT count(*) FROM workers
                WHERE seen_at > now() - interval '1 minute' AND NOT \(next) = ANY(root_ids)
                """
            ) { try $0.int(0) } ?? 0
        guard without == 0 else {
            throw RotationWaits(
                sentence: "\(without) of the workers lately seen have no next root key (vault.next_root_key) yet.")
        }
    }

    func progress(_ done: Int, of total: Int, _ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            try database.execute(
                """
                UPDATE vault_rotations SET done = \(done)::int, total = \(total)::int, trouble = NULL WHERE id = \(id)
                """)
        }
    }
}

extension Connection {
    mutating func findLostRotation() throws { try execute("SELECT find_lost_rotation()") }
}

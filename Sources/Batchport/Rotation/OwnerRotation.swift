import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Vault

/// Owners' keys, one after the other: a new key, every record under it, and in the end the old ones go.
extension RotationStep {
    private struct Owner {
        let id: UUID
        let key: [UInt8]?
    }

    /// True once nothing is under an old key any more.
    func replaceOwners(_ bench: inout Workbench) throws -> Bool {
        try begin(&bench)
        let left = try bench.database.rows(
            """
            SELECT owner, key_id FROM vault_rotation_owners WHERE rotation = \(id) AND NOT done ORDER BY owner
            LIMIT \(RotationTask.ownersPerRun)
            """
        ) { Owner(id: try $0.uuid("owner"), key: try $0.bytesOptional("key_id")) }
        for owner in left {
            try bench.stop.check()
            try replace(owner, &bench)
        }
        if !left.isEmpty { return false }
        try retire(&bench)
        return true
    }

    /// Those who have a key now; whoever gets one later has a new one.
    private func begin(_ bench: inout Workbench) throws {
        let isBegun = try bench.database.row("SELECT total IS NOT NULL FROM vault_rotations WHERE id = \(id)") {
            try $0.bool(0)
        }
        if isBegun == true { return }
        let owners = try bench.vault.owners()
        try bench.write(for: task) { database in
            _ = try database.pipeline([
                """
                INSERT INTO vault_rotation_owners (rotation, owner)
                SELECT \(id), unnest(\(owners)::uuid[]) ON CONFLICT DO NOTHING
                """,
                "UPDATE vault_rotations SET total = \(owners.count)::int WHERE id = \(id)",
            ])
        }
    }

    private func replace(_ owner: Owner, _ bench: inout Workbench) throws {
        guard let key = try owner.key ?? newKey(of: owner.id, &bench) else { return }
        let (count, unreadable) = try Resealing(owner: owner.id, key: key, task: task).run(&bench)
        try bench.write(for: task) { database in
            _ = try database.pipeline([
                """
                UPDATE vault_rotation_owners SET done = true, unreadable = \(unreadable)::int
                WHERE rotation = \(id) AND owner = \(owner.id)
                """,
                """
                UPDATE vault_rotations SET done = done + 1, records = records + \(count)::int,
                    unreadable = unreadable + \(unreadable)::int, trouble = NULL WHERE id = \(id)
                """,
            ])
        }
    }

    /// The trail says first that what is this owner's is about to be opened.
    private func newKey(of owner: UUID, _ bench: inout Workbench) throws -> [UInt8]? {
        try bench.write(for: task) { database in
            try database.execute(Audit.work(for: nil, "vaultKey.replaced", on: "owner", owner))
        }
        let key = try bench.vault.addKey(of: owner.lower)
        try bench.write(for: task) { database in
            guard let key else {
                _ = try database.pipeline([
                    "DELETE FROM vault_rotation_owners WHERE rotation = \(id) AND owner = \(owner)",
                    "UPDATE vault_rotations SET total = total - 1 WHERE id = \(id)",
                ])
                return
            }
            try database.execute(
                "UPDATE vault_rotation_owners SET key_id = \(key) WHERE rotation = \(id) AND owner = \(owner)")
        }
        return key
    }

    /// First the database takes nothing under the old keys any more, then they go. Where a record was sealed under one
    /// meanwhile, its owner has another turn; where one cannot be opened, its owner's old keys stay.
    private func retire(_ bench: inout Workbench) throws {
        let vault = try bench.vault
        let owners = try bench.database.rows(
            "SELECT owner, key_id FROM vault_rotation_owners WHERE rotation = \(id) AND unreadable = 0"
        ) { (id: try $0.uuid("owner"), key: try $0.bytes("key_id")) }
        for start in stride(from: 0, to: owners.count, by: RotationTask.ownersPerRun) {
            try bench.stop.check()
            let group = owners[start...].prefix(RotationTask.ownersPerRun)
            let old = try group.flatMap { owner in
                try vault.keyIDs(of: owner.id.lower).filter { $0 != owner.key }.map(hex)
            }
            if old.isEmpty { continue }
            let ids = group.map(\.id)
            let left = try bench.write(for: task) { database in
                let left =
                    try database.row("SELECT retire_keys(ARRAY(SELECT decode(id, 'hex') FROM unnest(\(old)) AS id))") {
                        try $0.int(0)
                    } ?? 0
                if left > 0 {
                    _ = try database.pipeline([
                        "UPDATE vault_rotation_owners SET done = false WHERE rotation = \(id) AND owner = ANY(\(ids))",
                        "UPDATE vault_rotations SET done = done - \(ids.count)::int WHERE id = \(id)",
                    ])
                }
                return left
            }
            if left > 0 {
                throw RotationWaits(sentence: "\(left) records were sealed meanwhile: they have another turn.")
            }
            for owner in group { try vault.dropKeys(of: owner.id.lower, except: owner.key) }
        }
    }
}

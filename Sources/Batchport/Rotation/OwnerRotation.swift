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
        guard let key = try keyMeant(for: owner, &bench) else { return }
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

    /// The owner's newest. A worker that had lost the task may have added one after the one that is known of: then what
    /// is sealed meanwhile is under that one, and it is the one meant.
    private func keyMeant(for owner: Owner, _ bench: inout Workbench) throws -> [UInt8]? {
        guard let known = owner.key else { return try newKey(of: owner.id, &bench) }
        guard let newest = try bench.vault.keyIDs(of: owner.id.lower).last, newest != known else { return known }
        try note(newest, of: owner.id, &bench)
        return newest
    }

    private func note(_ key: [UInt8], of owner: UUID, _ bench: inout Workbench) throws {
        try bench.write(for: task) { database in
            try database.execute(
                "UPDATE vault_rotation_owners SET key_id = \(key) WHERE rotation = \(id) AND owner = \(owner)")
        }
    }

    /// The trail says first that what is this owner's is about to be opened.
    private func newKey(of owner: UUID, _ bench: inout Workbench) throws -> [UInt8]? {
        try bench.write(for: task) { database in
            try database.execute(Audit.work(for: nil, "vaultKey.replaced", on: "owner", owner))
        }
        if let key = try bench.vault.addKey(of: owner.lower) {
            try note(key, of: owner, &bench)
            return key
        }
        try bench.write(for: task) { database in
            _ = try database.pipeline([
                "DELETE FROM vault_rotation_owners WHERE rotation = \(id) AND owner = \(owner)",
                "UPDATE vault_rotations SET total = total - 1 WHERE id = \(id)",
            ])
        }
        return nil
    }

    /// First the database takes nothing under the old keys any more, then they go. Where a record was sealed under one
    /// meanwhile, or a newer key has been added, the owner has another turn; where a record cannot be opened, its owner's
    /// old keys stay.
    private func retire(_ bench: inout Workbench) throws {
        let owners = try bench.database.rows(
            "SELECT owner, key_id FROM vault_rotation_owners WHERE rotation = \(id) AND unreadable = 0"
        ) { Owner(id: try $0.uuid("owner"), key: try $0.bytes("key_id")) }
        for start in stride(from: 0, to: owners.count, by: RotationTask.ownersPerRun) {
            try bench.stop.check()
            try retire(Array(owners[start...].prefix(RotationTask.ownersPerRun)), &bench)
        }
    }

    private func retire(_ owners: [Owner], _ bench: inout Workbench) throws {
        let vault = try bench.vault
        let keys = try owners.map { try vault.keyIDs(of: $0.id.lower) }
        let overtaken = zip(owners, keys).filter { $0.key != $1.last && !$1.isEmpty }.map(\.0.id)
        if !overtaken.isEmpty { try turnAgain(overtaken, &bench) }
        let old = zip(owners, keys).map { owner, keys in keys.filter { $0 != owner.key } }
        let ids = old.joined().map(hex)
        if ids.isEmpty { return }
        let left = try bench.write(for: task) { database in
            try database.row("SELECT retire_keys(ARRAY(SELECT decode(id, 'hex') FROM unnest(\(ids)) AS id))") {
                try $0.int(0)
            } ?? 0
        }
        if left > 0 { try turnAgain(owners.map(\.id), &bench) }
        // Those named, and no others: a key that was added since may have records already.
        for (owner, old) in zip(owners, old) { try vault.dropKeys(old, of: owner.id.lower) }
    }

    private func turnAgain(_ owners: [UUID], _ bench: inout Workbench) throws -> Never {
        try bench.write(for: task) { database in
            _ = try database.pipeline([
                "UPDATE vault_rotation_owners SET done = false WHERE rotation = \(id) AND owner = ANY(\(owners))",
                "UPDATE vault_rotations SET done = done - \(owners.count)::int WHERE id = \(id)",
            ])
        }
        throw RotationWaits(sentence: "Secrets were sealed meanwhile: their owners have another turn.")
    }
}

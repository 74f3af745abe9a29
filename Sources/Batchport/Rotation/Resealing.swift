import Cryptography
import FoundationEssentials
import Logging
import PostgreSQL
import Tasks
import Vault

/// Seals one owner's records again, under one key of theirs, some at a time. What somebody else has changed meanwhile is
/// left as it is, and looked at again.
struct Resealing {
    let owner: UUID
    let key: [UInt8]
    let task: ClaimedTask

    private static let batch = 200

    /// A sealed value, wherever it is kept.
    private struct Record {
        let id: UUID
        let sealed: [UInt8]
        let context: SealContext
    }

    /// How many are under the new key now, and how many could not be opened.
    func run(_ bench: inout Workbench) throws -> (count: Int, unreadable: Int) {
        let credentials = try run(&bench, credentials) { old, new, ids in
            """
            UPDATE credentials c SET sealed = decode(n.sealed, 'hex')
            FROM unnest(\(ids), \(old), \(new)) AS n (id, old, sealed)
            WHERE c.id = n.id AND c.sealed = decode(n.old, 'hex')
            """
        }
        let secrets = try run(&bench, environmentSecrets) { old, new, ids in
            """
            UPDATE environment_secrets s SET sealed = decode(n.sealed, 'hex')
            FROM unnest(\(ids), \(old), \(new)) AS n (id, old, sealed)
            WHERE s.id = n.id AND s.sealed = decode(n.old, 'hex')
            """
        }
        return (credentials.count + secrets.count, credentials.unreadable + secrets.unreadable)
    }

    private func run(
        _ bench: inout Workbench, _ read: (inout Connection, [UUID]) throws -> [Record],
        _ store: ([String], [String], [UUID]) -> SQL
    ) throws -> (count: Int, unreadable: Int) {
        var (count, unreadable): (Int, [UUID]) = (0, [])
        while true {
            try bench.stop.check()
            let records = try read(&bench.database, unreadable)
            if records.isEmpty { return (count, unreadable.count) }
            try bench.requireUnsealed()
            let vault = try bench.vault
            var fresh: [(record: Record, sealed: [UInt8])] = []
            for record in records {
                do {
                    fresh.append((record, try vault.reseal(record.sealed, context: record.context, under: key)))
                } catch {
                    if error.isOfFiles { throw error }
                    // The key itself is gone: that says nothing about the record.
                    guard try vault.keyIDs(of: owner.lower).contains(key) else { throw error }
                    bench.log.warning(
                        "record not sealed again",
                        metadata: [
                            "table": "\(record.context.table)", "row": "\(record.id.lower)", "error": "\(error)",
                        ])
                    unreadable.append(record.id)
                }
            }
            if fresh.isEmpty { continue }
            let statement = store(
                fresh.map { hex($0.record.sealed) }, fresh.map { hex($0.sealed) }, fresh.map(\.record.id))
            count += try bench.write(for: task) { try $0.execute(statement) }
        }
    }

    private func credentials(_ database: inout Connection, _ leaving: [UUID]) throws -> [Record] {
        try database.rows(
            """
            SELECT id, version, sealed FROM credentials
            WHERE owner = \(owner) AND sealed IS NOT NULL AND sealed_key(sealed) <> \(key) AND NOT id = ANY(\(leaving))
            ORDER BY id LIMIT \(Self.batch)
            """
        ) { row in
            let id = try row.uuid("id")
            let context = SealContext(
                table: "credentials", row: id.lower, owner: owner.lower, field: "accessKey",
                version: try row.int("version"))
            return Record(id: id, sealed: try row.bytes("sealed"), context: context)
        }
    }

    private func environmentSecrets(_ database: inout Connection, _ leaving: [UUID]) throws -> [Record] {
        try database.rows(
            """
            SELECT id, name, version, sealed FROM environment_secrets
            WHERE environment = \(owner) AND sealed IS NOT NULL AND sealed_key(sealed) <> \(key)
                AND NOT id = ANY(\(leaving))
            ORDER BY id LIMIT \(Self.batch)
            """
        ) { row in
            let id = try row.uuid("id")
            let context = EnvironmentSecret.context(
                id, environment: owner, name: try row.text("name"), version: try row.int("version"))
            return Record(id: id, sealed: try row.bytes("sealed"), context: context)
        }
    }
}

extension VaultError {
    /// The keys could not be reached just now: that says nothing about a record.
    fileprivate var isOfFiles: Bool {
        switch self {
        case .file, .busy, .wrongRootKey: true
        default: false
        }
    }
}

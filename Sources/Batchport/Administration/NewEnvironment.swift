package import FoundationEssentials
import JSON
package import PostgreSQL
package import Vault

extension Administration {
    package static func add(
        _ entry: AccessKeyEntry, for email: String, vaultKey: VaultPublicKey, in database: inout Connection
    ) throws -> UUID {
        let problems = entry.problems()
        guard problems.isEmpty else { throw Refusal(problems) }
        let owner = try person(email, in: &database)
        return try unlessFull(&database) { database in
            try unlessTaken("\(email) has a credential of the name \(entry.name) already.") {
                try entry.store(owner: owner, vaultKey: vaultKey, in: &database, from: .admin)
            }
        }
    }

    /// A shared credential, as a person names it.
    package struct Shared: Sendable {
        package var owner: String
        package var name: String

        package init(owner: String, name: String) {
            self.owner = owner
            self.name = name
        }
    }

    /// With the task that checks it, in one transaction.
    package static func add(
        _ entry: EnvironmentEntry, signedBy shared: Shared?, in database: inout Connection
    ) throws -> UUID {
        var entry = entry
        if let shared { entry.signer = .credential(try find(shared, in: &database)) }
        do {
            return try EnvironmentWriting(person: nil, vaultKey: nil, endpoints: nil).create(entry, in: &database)
        } catch let failure as Failure where failure.status == 422 {
            var refusal = Refusal(failure.problems)
            refusal.isTaken = failure.problems.contains { $0.code == "taken" }
            throw refusal
        }
    }

    private static func find(_ shared: Shared, in database: inout Connection) throws -> UUID {
        let owner = try person(shared.owner, in: &database)
        let found = try database.row(
            """
            SELECT id FROM credentials
            WHERE owner = \(owner) AND lower(name) = lower(\(shared.name)) AND deleted_at IS NULL
            """
        ) { try $0.uuid("id") }
        guard let found else { throw Refusal("\(shared.owner) has no credential of the name \(shared.name).") }
        return found
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// What an owner does with a saved credential, by a page's button or by the API.
enum CredentialActs {
    static func check(_ id: UUID, of owner: UUID, in database: inout Connection) throws {
        try database.transaction { database in
            guard try database.owns(credential: id, owner) else { throw Failure.notFound }
            try database.enqueueNow("checkCredential", ["credential": .string(id.lower)], for: id)
        }
    }

    /// Of its account: another one of the same account is it no more.
    static func makeDefault(_ id: UUID, of owner: UUID, in database: inout Connection) throws {
        try database.transaction { database in
            guard try database.owns(credential: id, owner) else { throw Failure.notFound }
            try database.execute("UPDATE credentials SET is_default = true WHERE id = \(id)")
            try database.execute(Audit.entry(by: owner, "credential.default", on: "credential", id))
        }
    }

    /// The secret goes at once; the row stays, since jobs name it.
    static func delete(_ id: UUID, of owner: UUID, in database: inout Connection) throws {
        try database.transaction { database in
            guard try database.owns(credential: id, owner) else { throw Failure.notFound }
            let used = try database.row(
                "SELECT name FROM environments WHERE \(id) IN (credential, custodian) LIMIT 1"
            ) { try $0.value("name", as: String.self) }
            if let used {
                throw Failure.conflict("The environment \(used) uses this credential. Give it another one first.")
            }
            try database.execute(
                """
                UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL, is_default = false
                WHERE id = \(id)
                """)
            try database.execute(Audit.entry(by: owner, "credential.deleted", on: "credential", id))
        }
    }
}

extension Connection {
    fileprivate mutating func owns(credential: UUID, _ person: UUID) throws -> Bool {
        try row(
            """
            SELECT true AS yes FROM credentials
            WHERE id = \(credential) AND owner = \(person) AND deleted_at IS NULL AND job IS NULL
            """
        ) { try $0.value("yes", as: Bool.self) } ?? false
    }
}

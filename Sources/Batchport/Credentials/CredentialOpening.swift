import AWS
import Cryptography
import FoundationEssentials
import JSON
import Logging
import PostgreSQL
import Vault

/// Why a credential cannot sign now, for the person who can mend it.
struct CredentialTrouble: Error, Equatable {
    let sentence: String
    /// Where it is not that the access key must be entered again.
    var remedy: String?

    static let deleted = CredentialTrouble(
        sentence: """
            The credential is gone, and nothing may sign in its place but a custodian of the environment, for a job that \
            was sent. An admin can name one.
            """)
    static let unreadable = CredentialTrouble(
        sentence: "The credential cannot be opened: its owner must enter the access key again.")
    /// The worker has no root key, or not the one that the owners' keys were made with (trust.md S28).
    static let sealed = CredentialTrouble(sentence: "The vault is sealed: no credential can be opened.")
}

/// What a secret is used for, as the audit trail keeps it.
struct SecretUse {
    let person: UUID?
    let purpose: String
    let reach: SecretReach
    var detail: [JSONValue.Member] = []

    static func job(_ id: UUID, of owner: UUID?, _ purpose: String) -> SecretUse {
        SecretUse(person: owner, purpose: purpose, reach: .job(id), detail: [.init("job", .string(id.lower))])
    }
}

/// A credential's row, as far as opening it needs.
private struct SealedCredential {
    let owner: UUID
    let version: Int
    let ingress: [UInt8]?
    let sealed: [UInt8]?
    let isDeleted: Bool
    /// Known once it was checked.
    let account: String?
    let isRole: Bool

    func context(_ id: UUID) -> SealContext {
        SealContext(table: "credentials", row: id.lower, owner: owner.lower, field: "accessKey", version: version)
    }
}

extension Workbench {
    /// Opens a credential for one use. The use stands in the committed audit trail before the secret is open; what the
    /// web sealed is first sealed again under its owner's key. Of a role it is a session that may do what the use is for.
    /// - Parameter alongside: what must be committed together with the trail's row.
    mutating func openCredential(
        _ id: UUID, for use: SecretUse, alongside: [SQL] = []
    ) throws -> AWSCredentials {
        try requireUnsealed()
        _ = try vault
        let found = try record(use, of: id, alongside)
        if found.isRole {
            guard let role = try database.role(id) else { throw CredentialTrouble.deleted }
            return try session(of: role, for: use)
        }
        do {
            var key = try key(id, found)
            key.account = found.account
            return key
        } catch let error as VaultError {
            log.warning("credential not opened", metadata: ["credential": "\(id.lower)", "error": "\(error)"])
            try database.execute(
                Audit.work(
                    for: use.person, "credential.notOpened", on: "credential", id,
                    detail: ["purpose": .string(use.purpose), "cause": .string("\(error)")]))
            // A check that finds this asks for no other check.
            if use.purpose != "check" { try suspect(id) }
            throw CredentialTrouble.unreadable
        }
    }

    /// Its record may have been sealed again, and the key that it was under be gone, between reading and opening it.
    private mutating func key(_ id: UUID, _ row: SealedCredential) throws -> AWSCredentials {
        var row = row
        while true {
            if let ingress = row.ingress { return try reseal(ingress, id, row) }
            guard let sealed = row.sealed else { throw CredentialTrouble.unreadable }
            do {
                return try Self.accessKey(try vault.open(sealed, context: row.context(id)))
            } catch VaultError.unknownKey {
                guard let newer = try database.sealedCredential(id), newer.sealed != sealed else {
                    throw VaultError.unknownKey
                }
                row = newer
            }
        }
    }

    /// The use as a row of the trail, committed.
    @discardableResult
    private mutating func record(_ use: SecretUse, of id: UUID, _ alongside: [SQL] = []) throws -> SealedCredential {
        try database.transaction { database in
            let row = try database.sealedCredential(id)
            guard let row, !row.isDeleted else { throw CredentialTrouble.deleted }
            try database.execute(
                Audit.work(
                    for: use.person, "credential.used", on: "credential", id,
                    detail: .object([.init("purpose", .string(use.purpose))] + use.detail)))
            _ = try database.pipeline(
                alongside + ["UPDATE credentials SET last_used_at = now() WHERE id = \(id)"])
            return row
        }
    }

    /// For a role that is to be looked at, not used.
    mutating func record(checkOf role: Role) throws {
        try requireUnsealed()
        try record(SecretUse(person: role.owner, purpose: "check", reach: .nothing), of: role.credential)
    }

    /// The ingress is kept until what replaces it is stored.
    private mutating func reseal(_ ingress: [UInt8], _ id: UUID, _ row: SealedCredential) throws -> AWSCredentials {
        let secret = try vault.openIngress(ingress, context: row.context(id))
        let record = try vault.seal(secret, context: row.context(id))
        try database.execute(
            """
            UPDATE credentials SET sealed = \(record), ingress = NULL
            WHERE id = \(id) AND version = \(row.version) AND ingress = \(ingress)
            """)
        return try Self.accessKey(secret)
    }

    static func accessKey(_ secret: borrowing SecretBytes) throws -> AWSCredentials {
        try secret.withBytes { bytes in
            guard let value = try? JSONValue.parse(bytes), let id = value["accessKeyID"]?.string,
                let key = value["secretAccessKey"]?.string
            else { throw CredentialTrouble.unreadable }
            return AWSCredentials(accessKeyID: id, secretAccessKey: key, sessionToken: value["sessionToken"]?.string)
        }
    }
}

extension Connection {
    /// Not FOR UPDATE: jobs refer to the row, and nobody's submission may wait for a worker.
    fileprivate mutating func sealedCredential(_ id: UUID) throws -> SealedCredential? {
        try row(
            """
            SELECT owner, version, ingress, sealed, deleted_at IS NOT NULL AS deleted, account, kind = 'role' AS is_role
            FROM credentials
            WHERE id = \(id) FOR NO KEY UPDATE
            """
        ) {
            SealedCredential(
                owner: try $0.uuid("owner"), version: try $0.int("version"), ingress: try $0.bytesOptional("ingress"),
                sealed: try $0.bytesOptional("sealed"), isDeleted: try $0.bool("deleted"),
                account: try $0.textOptional("account"), isRole: try $0.bool("is_role"))
        }
    }
}

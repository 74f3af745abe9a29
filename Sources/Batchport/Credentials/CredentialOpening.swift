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
    var detail: [JSONValue.Member] = []

    static func job(_ id: UUID, of owner: UUID?, _ purpose: String) -> SecretUse {
        SecretUse(person: owner, purpose: purpose, detail: [.init("job", .string(id.lower))])
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

    func context(_ id: UUID) -> SealContext {
        SealContext(table: "credentials", row: id.lower, owner: owner.lower, field: "accessKey", version: version)
    }
}

extension Workbench {
    /// Opens a credential for one use. The use stands in the committed audit trail before the secret is open; what the
    /// web sealed is first sealed again under its owner's key.
    /// - Parameter alongside: what must be committed together with the trail's row.
    mutating func openCredential(
        _ id: UUID, for use: SecretUse, alongside: [SQL] = []
    ) throws -> AWSCredentials {
        _ = try vault
        let found = try database.transaction { database in
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
        do {
            var key: AWSCredentials
            if let ingress = found.ingress {
                key = try reseal(ingress, id, found)
            } else {
                guard let sealed = found.sealed else { throw CredentialTrouble.unreadable }
                key = try Self.accessKey(try vault.open(sealed, context: found.context(id)))
            }
            key.account = found.account
            return key
        } catch let error as VaultError {
            log.warning("credential not opened", metadata: ["credential": "\(id.lower)", "error": "\(error)"])
            try suspect(id)
            throw CredentialTrouble.unreadable
        }
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

    private static func accessKey(_ secret: borrowing SecretBytes) throws -> AWSCredentials {
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
            SELECT owner, version, ingress, sealed, deleted_at IS NOT NULL AS deleted, account FROM credentials
            WHERE id = \(id) FOR NO KEY UPDATE
            """
        ) {
            SealedCredential(
                owner: try $0.uuid("owner"), version: try $0.int("version"), ingress: try $0.bytesOptional("ingress"),
                sealed: try $0.bytesOptional("sealed"), isDeleted: try $0.bool("deleted"),
                account: try $0.textOptional("account"))
        }
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import Vault

extension AccessKeyEntry {
    /// Takes the form's fields of a secret, or the API's members.
    init(secret json: JSONValue) throws {
        self.init()
        var reader = ObjectReader(json)
        accessKeyID = (reader.string("accessKeyID") ?? "").filter { !$0.isWhitespace }
        secretAccessKey = (reader.string("secretAccessKey") ?? "").filter { !$0.isWhitespace }
        sessionToken = (reader.string("sessionToken") ?? "").filter { !$0.isWhitespace }
        if let text = reader.string("expiresAt") { expires = text.hasSuffix("Z") ? String(text.dropLast()) : text }
        try reader.done()
    }

    /// Puts this key beside the one that the credential has, sealed for the row's next version. The worker looks whose it
    /// is; until then the one before signs.
    func replace(
        _ credential: UUID, of owner: UUID, _ vaultKey: VaultPublicKey, in database: inout Connection
    ) throws {
        try database.requireOpenVault()
        try database.transaction { database in
            let found = try database.row(
                """
                SELECT version, kind = 'role' AS is_role FROM credentials
                WHERE id = \(credential) AND owner = \(owner) AND deleted_at IS NULL AND job IS NULL
                FOR NO KEY UPDATE
                """
            ) { (version: try $0.int("version"), isRole: try $0.bool("is_role")) }
            guard let found else { throw Failure.notFound }
            if found.isRole { throw Failure.conflict("A role has no secret that could be replaced.") }
            let ingress = try key.sealed(credential, owner: owner, version: found.version + 1, vaultKey)
            try database.execute(
                """
                UPDATE credentials SET next_ingress = \(ingress), next_hint = \(key.hint), next_trouble = NULL,
                    next_expires_at = \(expiresAt.map(Timestamp.init(milliseconds:)))
                WHERE id = \(credential)
                """)
            try database.execute(Audit.entry(by: owner, "credential.secretGiven", on: "credential", credential))
            try database.enqueueNow(
                SecretReplacement.kind.name, ["credential": .string(credential.lower)], for: credential)
        }
    }
}

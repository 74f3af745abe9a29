import Cryptography
package import FoundationEssentials
import HTTP
import JSON
package import PostgreSQL
import Tasks
package import Vault

/// An access key as typed into the form, and its way into the vault.
package struct AccessKeyEntry {
    package var name = ""
    package var accessKeyID = ""
    package var secretAccessKey = ""
    package var sessionToken = ""
    package var region = ""
    package var isDefault = false

    package init() {}

    init(_ form: Form) throws {
        name = try form.one("name") ?? ""
        accessKeyID = (try form.one("access_key_id") ?? "").filter { !$0.isWhitespace }
        secretAccessKey = (try form.one("secret_access_key") ?? "").filter { !$0.isWhitespace }
        sessionToken = (try form.one("session_token") ?? "").filter { !$0.isWhitespace }
        region = try form.one("region") ?? ""
        isDefault = try form.one("is_default") == "yes"
    }

    func problems() -> [Failure.Problem] {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        problems += key.problems(("/access_key_id", "/secret_access_key", "/session_token"))
        if !RegionName.isWellFormed(region) {
            problems.append(.init("/region", "malformed", "The region must be a name such as eu-central-1."))
        }
        return problems
    }

    private var key: AccessKey { AccessKey(id: accessKeyID, secret: secretAccessKey, sessionToken: sessionToken) }

    /// Stores it sealed, with the task that re-seals and checks it, in one transaction. `credentials_name` is unique.
    /// - Parameter program: `.admin` when an operator adds it for the owner.
    package func store(
        owner: UUID, vaultKey: VaultPublicKey, in database: inout Connection, from program: Audit.Program = .web
    ) throws -> UUID {
        let id = UUID()
        let ingress = try key.sealed(id, owner: owner, vaultKey)
        try database.transaction { database in
            if isDefault {
                try database.execute(
                    """
                    UPDATE credentials SET is_default = false
                    WHERE owner = \(owner) AND is_default AND deleted_at IS NULL
                    """)
            }
            try database.execute(
                """
                INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, is_default, version, ingress)
                VALUES (\(id), \(owner), \(name), 'accessKey', \(key.hint), \(region), \(isDefault), 1, \(ingress))
                """)
            let actor = program == .web ? owner : nil
            try database.execute(Audit.entry(by: actor, "credential.added", on: "credential", id, from: program))
            try database.enqueue("checkCredential", ["credential": .string(id.lower)], for: id)
        }
        return id
    }
}

/// The shape of a region's name (trust.md S38); whether it exists is the worker's to say.
enum RegionName {
    static func isWellFormed(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, text.utf8.count <= 32, let last = parts.last, parts[0].count == 2 else { return false }
        let words = parts.dropLast().allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
        }
        return words && !last.isEmpty && last.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}

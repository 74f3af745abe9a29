import AWS
import Cryptography
package import FoundationEssentials
import HTTP
import JSON
package import PostgreSQL
import Processes
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
    /// As typed, in UTC: when a temporary key ends. Empty where nobody says.
    package var expires = ""

    package init() {}

    init(_ form: Form) throws {
        name = try form.one("name") ?? ""
        accessKeyID = (try form.one("access_key_id") ?? "").filter { !$0.isWhitespace }
        secretAccessKey = (try form.one("secret_access_key") ?? "").filter { !$0.isWhitespace }
        sessionToken = (try form.one("session_token") ?? "").filter { !$0.isWhitespace }
        region = try form.one("region") ?? ""
        isDefault = try form.one("is_default") == "yes"
        expires = try form.one("expires") ?? ""
    }

    func problems() -> [Failure.Problem] {
        var problems = TextRules.problems("/name", "The name", name, longest: 128)
        problems += secretProblems(.form)
        if !RegionName.isWellFormed(region) {
            problems.append(.init("/region", "malformed", "The region must be a name such as eu-central-1."))
        }
        return problems
    }

    /// Where the secret's parts stand.
    struct Pointers {
        var id: String
        var secret: String
        var token: String
        var expires: String

        static let form = Pointers(
            id: "/access_key_id", secret: "/secret_access_key", token: "/session_token", expires: "/expires")
        static let api = Pointers(
            id: "/accessKeyID", secret: "/secretAccessKey", token: "/sessionToken", expires: "/expiresAt")
    }

    /// Of what is secret, and of when it ends.
    func secretProblems(_ pointers: Pointers) -> [Failure.Problem] {
        key.problems((pointers.id, pointers.secret, pointers.token)) + expiryProblems(pointers.expires)
    }

    private func expiryProblems(_ pointer: String) -> [Failure.Problem] {
        if expires.isEmpty { return [] }
        guard let expiresAt else {
            return [.init(pointer, "malformed", "The end must be a date and time such as 2026-12-31 23:59, in UTC.")]
        }
        if expiresAt <= Clock.milliseconds() {
            return [.init(pointer, "past", "The key has ended already at the time that is given.")]
        }
        if sessionToken.isEmpty {
            return [.init(pointer, "notTemporary", "Only a temporary key ends: one with a session token.")]
        }
        return []
    }

    /// `2026-12-31 23:59`, or with a T as browsers send it; nil where it is none of these.
    var expiresAt: Int64? {
        let text = expires.replacing(" ", with: "T")
        guard text.utf8.count == 16 || text.utf8.count == 19 else { return nil }
        return AmzDate.parseDashed(text + (text.utf8.count == 16 ? ":00Z" : "Z"))
    }

    var key: AccessKey { AccessKey(id: accessKeyID, secret: secretAccessKey, sessionToken: sessionToken) }

    /// Stores it sealed, with the task that re-seals and checks it, in one transaction. `credentials_name` is unique.
    /// - Parameter program: `.admin` when an operator adds it for the owner.
    package func store(
        owner: UUID, vaultKey: VaultPublicKey, in database: inout Connection, from program: Audit.Program = .web
    ) throws -> UUID {
        let id = UUID()
        let ingress = try key.sealed(id, owner: owner, vaultKey)
        try database.transaction { database in
            try database.execute(
                """
                INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, is_default, version, ingress,
                    expires_at)
                VALUES (\(id), \(owner), \(name), 'accessKey', \(key.hint), \(region), \(isDefault), 1, \(ingress),
                    \(expiresAt.map(Timestamp.init(milliseconds:))))
                """)
            try database.note(newCredential: id, of: owner, from: program)
        }
        return id
    }
}

extension Connection {
    /// In the trail, and to be checked.
    mutating func note(newCredential id: UUID, of owner: UUID, from program: Audit.Program) throws {
        let actor = program == .web ? owner : nil
        try execute(Audit.entry(by: actor, "credential.added", on: "credential", id, from: program))
        try enqueue("checkCredential", ["credential": .string(id.lower)], for: id)
    }
}

/// The shape of a region's name (trust.md S38); whether it exists is the worker's to say.
enum RegionName {
    /// Nil where it cannot be told: a region of the settings file's whose name is not one of AWS's.
    static func partition(of region: String) -> String? {
        AWSRegion.partition(of: region) ?? (region == LocalNote.region ? "aws" : nil)
    }

    static func isWellFormed(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, text.utf8.count <= 32, let last = parts.last, parts[0].count == 2 else { return false }
        let words = parts.dropLast().allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
        }
        return words && !last.isEmpty && last.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}

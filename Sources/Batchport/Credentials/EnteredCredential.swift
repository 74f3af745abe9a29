import FoundationEssentials
import JSON
import PostgreSQL
import Vault

/// A credential entered for one submission (`ServiceObject` New): sealed for that job alone, and gone with it.
struct EnteredCredential {
    var accessKeyID = ""
    var secretAccessKey = ""
    var sessionToken = ""
    /// Not until the job is deleted, but only until it is settled.
    var forgetsAfterCapture = false

    private static let fields: [String: any WritableKeyPath<EnteredCredential, String> & Sendable] = [
        "accessKeyID": \.accessKeyID, "secretAccessKey": \.secretAccessKey, "sessionToken": \.sessionToken,
    ]

    /// False where the form's field is not one of it. What was typed is never shown again.
    mutating func set(_ field: String, _ text: String) -> Bool {
        if field == "forgetAfterCapture" {
            forgetsAfterCapture = text == "yes"
            return true
        }
        guard let path = Self.fields[field] else { return false }
        self[keyPath: path] = text.filter { !$0.isWhitespace }
        return true
    }

    var isEmpty: Bool { accessKeyID.isEmpty && secretAccessKey.isEmpty && sessionToken.isEmpty }

    private var key: AccessKey { AccessKey(id: accessKeyID, secret: secretAccessKey, sessionToken: sessionToken) }

    var problems: [Failure.Problem] {
        key.problems(("/credential/accessKeyID", "/credential/secretAccessKey", "/credential/sessionToken"))
    }

    /// In the transaction that stores the job.
    func store(
        _ id: UUID, for job: UUID, owner: UUID, region: String, _ vaultKey: VaultPublicKey,
        in database: inout Connection
    ) throws {
        try database.requireOpenVault()
        let ingress = try key.sealed(id, owner: owner, vaultKey)
        try database.execute(
            """
            INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, is_default, version, ingress, job,
                forget_after_capture)
            VALUES (\(id), \(owner), 'For one job', 'accessKey', \(key.hint), \(region), false, 1, \(ingress), \(job),
                \(forgetsAfterCapture))
            """)
        try database.execute(
            Audit.entry(by: owner, "credential.entered", on: "credential", id, detail: ["job": .string(job.lower)]))
    }
}

extension ObjectReader {
    /// The submission's `credential`, where there is one.
    mutating func enteredCredential() -> EnteredCredential? {
        object("credential") { inner in
            EnteredCredential(
                accessKeyID: inner.string("accessKeyID") ?? "", secretAccessKey: inner.string("secretAccessKey") ?? "",
                sessionToken: inner.string("sessionToken") ?? "",
                forgetsAfterCapture: inner.bool("forgetAfterCapture") ?? false)
        }
    }
}

extension JSONValue {
    /// A submission's body without what must not be part of anything that is stored for it, not even of a digest.
    var withoutSecrets: JSONValue {
        guard let members else { return self }
        return .object(
            members.map { member in
                guard member.name == "credential", let inner = member.value.members else { return member }
                let rest = inner.filter { !["secretAccessKey", "sessionToken"].contains($0.name) }
                return .init(member.name, .object(rest))
            })
    }
}

import Cryptography
import FoundationEssentials
import JSON
import Logging
import PostgreSQL
import Vault

/// A sealed variable's value in the vault. Its owner is the environment: it outlives whoever typed it.
struct EnvironmentSecret {
    let id: UUID
    let environment: UUID
    let name: String
    let version: Int
    let ingress: [UInt8]?
    let sealed: [UInt8]?

    static func context(_ id: UUID, environment: UUID, name: String, version: Int) -> SealContext {
        SealContext(
            table: "environment_secrets", row: id.lower, owner: environment.lower, field: name, version: version)
    }

    fileprivate var context: SealContext {
        Self.context(id, environment: environment, name: name, version: version)
    }
}

extension Workbench {
    /// Values of the sealed variables that a job gets. Their use stands in the committed trail before one is open; what
    /// the web sealed is first sealed again under the environment's key.
    mutating func openSealedVariables(of job: Submission) throws -> [String: String] {
        if job.sealedVariables.isEmpty { return [:] }
        try requireUnsealed()
        let found = try database.transaction { database in
            try database.execute(
                Audit.work(
                    for: job.owner, "variables.used", on: "environment", job.environment.id,
                    detail: ["job": .string(job.id.lower), "names": JSONValue(job.sealedVariables)]))
            return try database.environmentSecrets(of: job.environment.id, named: job.sealedVariables)
        }
        var values: [String: String] = [:]
        for secret in found { values[secret.name] = try open(secret) }
        if let gone = job.sealedVariables.first(where: { values[$0] == nil }) {
            throw CredentialTrouble(
                sentence: "The environment's sealed variable \(gone) is gone: an admin must set it again.")
        }
        return values
    }

    private mutating func open(_ secret: EnvironmentSecret) throws -> String {
        do {
            if let ingress = secret.ingress {
                let value = try vault.openIngress(ingress, context: secret.context)
                let record = try vault.seal(value, context: secret.context)
                try database.execute(
                    """
                    UPDATE environment_secrets SET sealed = \(record), ingress = NULL
                    WHERE id = \(secret.id) AND version = \(secret.version)::int AND ingress = \(ingress)
                    """)
                return value.withBytes { String(decoding: $0, as: UTF8.self) }
            }
            if let sealed = secret.sealed {
                return try vault.open(sealed, context: secret.context).withBytes { String(decoding: $0, as: UTF8.self) }
            }
        } catch VaultError.unknownKey {
            // Sealed again meanwhile, and the key that it was under is gone.
            let newer = try database.environmentSecrets(of: secret.environment, named: [secret.name]).first
            if let newer, newer.sealed != secret.sealed { return try open(newer) }
        } catch let error as VaultError {
            log.warning(
                "variable not opened", metadata: ["environment": "\(secret.environment.lower)", "error": "\(error)"])
        }
        throw CredentialTrouble(
            sentence: "The environment's sealed variable \(secret.name) cannot be opened: an admin must set it again.")
    }
}

extension Connection {
    fileprivate mutating func environmentSecrets(of environment: UUID, named names: [String]) throws
        -> [EnvironmentSecret]
    {
        try rows(
            """
            SELECT id, environment, name, version, ingress, sealed FROM environment_secrets
            WHERE environment = \(environment) AND name = ANY(\(names))
            """
        ) {
            EnvironmentSecret(
                id: try $0.uuid("id"), environment: try $0.uuid("environment"), name: try $0.text("name"),
                version: try $0.int("version"), ingress: try $0.bytesOptional("ingress"),
                sealed: try $0.bytesOptional("sealed"))
        }
    }
}

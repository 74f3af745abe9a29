import FoundationEssentials
import Vault

/// A sealed variable's value in the vault. Its owner is the environment: it outlives whoever typed it.
enum EnvironmentSecret {
    static func context(_ id: UUID, environment: UUID, name: String, version: Int) -> SealContext {
        SealContext(
            table: "environment_secrets", row: id.lower, owner: environment.lower, field: name, version: version)
    }
}

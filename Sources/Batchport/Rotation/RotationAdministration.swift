import JSON
package import PostgreSQL

extension Administration {
    package enum VaultRotation: String, Sendable {
        case root, owners
    }

    package static func rotate(_ what: VaultRotation, in database: inout Connection) throws {
        try database.transaction { database in
            let answer = try database.row("SELECT start_rotation(\(what.rawValue), NULL)") { try $0.text(0) }
            try database.execute(
                Audit.entry(
                    by: nil, "vaultKeys.replacing", on: "site", nil, detail: ["kind": .string(what.rawValue)],
                    from: .admin))
            guard answer == "started" else {
                throw Refusal(
                    answer == "busy"
                        ? "Keys are being replaced already. Wait until that is done."
                        : "The workers have no next root key: set vault.next_root_key for each, and restart it.")
            }
        }
    }

    /// As JSON.
    package static func vaultStanding(in database: inout Connection) throws -> String {
        try database.row("SELECT vault_standing()::text") { try $0.text(0) } ?? "{}"
    }
}

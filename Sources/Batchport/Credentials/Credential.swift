import FoundationEssentials
import PostgreSQL

/// One AWS identity in the vault, as its owner may see it: everything but the secret.
struct Credential {
    enum Health: String {
        case unchecked
        case ok
        case refused
        case unreachable
        case unreadable

        /// Word, icon and state's colour.
        var shown: (word: String, icon: String, state: String) {
            switch self {
            case .unchecked: ("Being checked", "checking", "checking")
            case .ok: ("Works", "ok", "ok")
            case .refused: ("Refused", "failed", "error")
            case .unreachable: ("AWS not reached", "warn", "warn")
            case .unreadable: ("Cannot be opened", "warn", "error")
            }
        }
    }

    let id: UUID
    let name: String
    let hint: String
    let region: String
    let isDefault: Bool
    let health: Health
    let detail: String?
    let account: String?
    let arn: String?
    let checkedAt: Int64?
    let lastUsedAt: Int64?

    static let columns: SQL = """
        id, name, access_key_hint, region, is_default, health, health_detail, account, arn, checked_at, last_used_at
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        name = try row.value("name")
        hint = try row.value("access_key_hint")
        region = try row.value("region")
        isDefault = try row.value("is_default")
        health = Health(rawValue: try row.value("health")) ?? .unchecked
        detail = try row.value("health_detail")
        account = try row.value("account")
        arn = try row.value("arn")
        checkedAt = try row.millisecondsOptional("checked_at")
        lastUsedAt = try row.millisecondsOptional("last_used_at")
    }
}

extension Connection {
    mutating func credentials(of person: UUID) throws -> [Credential] {
        try rows(
            """
            SELECT \(fragment: Credential.columns) FROM credentials
            WHERE owner = \(person) AND deleted_at IS NULL AND job IS NULL ORDER BY is_default DESC, created_at LIMIT 200
            """
        ) { try Credential($0) }
    }

    /// Whether the worker has shown within the last minute that it can open what is sealed here.
    mutating func vaultIsOpen() throws -> Bool {
        try row("SELECT ok AND tested_at > now() - interval '1 minute' AS fresh FROM vault_tests") {
            try $0.value("fresh", as: Bool.self)
        } ?? false
    }
}

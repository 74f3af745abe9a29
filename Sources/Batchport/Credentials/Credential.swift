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
            case .ok: ("AWS knows it", "ok", "ok")
            case .refused: ("Refused", "failed", "error")
            case .unreachable: ("AWS not reached", "warn", "warn")
            case .unreadable: ("Cannot be opened", "warn", "error")
            }
        }

        func shown(lacks: Bool) -> (word: String, icon: String, state: String) {
            lacks && self == .ok ? ("Lacks permissions", "warn", "warn") : shown
        }
    }

    /// What the environments' checks have found it not to be allowed.
    let lacks: [String]

    enum Kind {
        /// By the last four characters of its id; when it ends, where it is a temporary one.
        case accessKey(hint: String, expiresAt: Int64?)
        /// With what its trust policy must say.
        case role(arn: String, externalID: String)
    }

    /// AWS and CIS say: a key is replaced after ninety days.
    static let oldMilliseconds: Int64 = 90 * 86_400_000

    let id: UUID
    let name: String
    let kind: Kind
    let region: String
    let isDefault: Bool
    let health: Health
    let detail: String?
    let account: String?
    let arn: String?
    let checkedAt: Int64?
    let lastUsedAt: Int64?
    /// When the secret that it has now was given.
    let secretSince: Int64
    /// The last four characters of the new key that is being checked.
    let next: String?
    /// Why the last new key was not taken.
    let nextTrouble: String?
    /// Environments that name it, by those names that its owner may see.
    let environments: [String]
    /// Not settled, of those that its owner may see; counted to a thousand.
    let openJobs: Int

    /// By what people know it.
    var words: String {
        switch kind {
        case .accessKey(let hint, _): "ending \(hint)"
        case .role(let arn, _): "role \(arn.split(separator: "/").last ?? "")"
        }
    }

    static let columns: SQL = """
        c.id, c.name, c.access_key_hint, c.role_arn, c.expires_at, c.region, c.is_default, c.health, c.health_detail,
        c.account, c.arn, c.checked_at, c.last_used_at, coalesce(c.replaced_at, c.created_at) AS secret_since, c.next_hint,
        c.next_trouble,
        (SELECT x.value FROM external_ids x WHERE x.owner = c.owner AND x.account = split_part(c.role_arn, ':', 5))
            AS external_id,
        (SELECT coalesce(array_agg(e.name ORDER BY e.name), '{}') FROM environments e
            WHERE c.id IN (e.credential, e.custodian) AND e.deleted_at IS NULL) AS environments,
        credential_lacks(c.id) AS lacks,
        (SELECT count(*) FROM (SELECT FROM jobs j WHERE j.credential = c.id AND j.settled_at IS NULL LIMIT 1000) j)
            AS open_jobs
        """

    init(_ row: borrowing Row) throws {
        id = try row.value("id")
        name = try row.value("name")
        kind =
            if let arn = try row.textOptional("role_arn") {
                .role(arn: arn, externalID: try row.textOptional("external_id") ?? "")
            } else {
                .accessKey(
                    hint: try row.text("access_key_hint"), expiresAt: try row.millisecondsOptional("expires_at"))
            }
        region = try row.value("region")
        isDefault = try row.value("is_default")
        health = Health(rawValue: try row.value("health")) ?? .unchecked
        detail = try row.value("health_detail")
        account = try row.value("account")
        arn = try row.value("arn")
        checkedAt = try row.millisecondsOptional("checked_at")
        lastUsedAt = try row.millisecondsOptional("last_used_at")
        secretSince = try row.milliseconds("secret_since")
        next = try row.textOptional("next_hint")
        nextTrouble = try row.textOptional("next_trouble")
        environments = try row.value("environments")
        openJobs = try row.int("open_jobs")
        lacks = try row.value("lacks")
    }
}

extension Connection {
    mutating func credentials(of person: UUID) throws -> [Credential] {
        try rows(
            """
            SELECT \(fragment: Credential.columns) FROM credentials c
            WHERE c.owner = \(person) AND c.deleted_at IS NULL AND c.job IS NULL
            ORDER BY c.is_default DESC, c.created_at LIMIT 1000
            """
        ) { try Credential($0) }
    }

    /// Whether the worker has shown within the last minute that it can open what is sealed here, and nobody has sealed it.
    mutating func vaultIsOpen() throws -> Bool {
        try row(
            """
            SELECT ok AND tested_at > now() - interval '1 minute' AND NOT EXISTS (SELECT FROM vault_seal) AS fresh
            FROM vault_tests
            """
        ) { try $0.value("fresh", as: Bool.self) } ?? false
    }
}

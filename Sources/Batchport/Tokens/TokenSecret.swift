import Cryptography

/// An API token (trust.md S49): `bp_`, 27 random base-62 characters (160 bits), and 6 of CRC-32, so that a string that
/// merely looks like one never reaches the database, and scanners can find leaked ones.
package enum TokenSecret {
    package static let prefix = "bp_"
    /// Published for secret scanners.
    package static let pattern = "bp_[0-9A-Za-z]{33}"

    package static func fresh() -> String {
        let body = base62(randomBytes(20), length: 27)
        return prefix + body + checksum(body)
    }

    package static func isWellFormed(_ token: String) -> Bool {
        guard token.hasPrefix(prefix), token.utf8.count == 36 else { return false }
        let rest = token.dropFirst(3)
        return checksum(String(rest.prefix(27))) == rest.suffix(6)
    }

    private static func checksum(_ body: String) -> String {
        let sum = crc32(Array(body.utf8))
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
        return base62(bytes, length: 6)
    }
}

/// What a token may do; the names of api.md.
package enum TokenScope: String, Sendable, CaseIterable {
    case jobsRead = "jobs:read"
    case jobsSubmit = "jobs:submit"
    case jobsAbort = "jobs:abort"
    case jobsDelete = "jobs:delete"
    case environmentsRead = "environments:read"
    case environmentsWrite = "environments:write"
    case credentialsReplace = "credentials:replace"
    case admin

    /// Those of use in the owner's hands.
    static func choices(for owner: TokenOwner) -> [TokenScope] {
        allCases.filter { scope in
            switch scope {
            case .admin: owner == .admin
            case .credentialsReplace: owner != .service
            default: true
            }
        }
    }

    var meaning: String {
        switch self {
        case .jobsRead: "See jobs, logs, outputs and results, and download them"
        case .jobsSubmit: "Submit jobs and upload their input files"
        case .jobsAbort: "Abort jobs"
        case .jobsDelete: "Delete settled jobs"
        case .environmentsRead: "See environments"
        case .environmentsWrite: "Make, change, check and delete environments, where you manage them"
        case .credentialsReplace: "See, replace the secret of, check and delete the one credential that is chosen below"
        case .admin: "Read what admins read: people, teams, the audit trail"
        }
    }
}

/// A service has no credentials, and no power over people.
enum TokenOwner {
    case member, admin, service

    init(_ identity: Identity) { self = identity.isAdmin ? .admin : .member }
}

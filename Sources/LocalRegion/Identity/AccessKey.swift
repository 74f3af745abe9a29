import PostgreSQL

/// A row of `access_keys`: who may sign as whom.
struct AccessKey: Sendable {
    let id: String
    let secret: String
    /// Set for temporary keys, whose requests must carry it.
    let sessionToken: String?
    let principal: String
    let hasExpired: Bool

    static func query(_ id: String) -> SQL {
        """
        SELECT id, secret, session_token, principal, coalesce(expires_at <= now(), false) AS has_expired
        FROM access_keys WHERE id = \(id)
        """
    }

    init(_ row: borrowing Row) throws {
        id = try row.text("id")
        secret = try row.text("secret")
        sessionToken = try row.textOptional("session_token")
        principal = try row.text("principal")
        hasExpired = try row.bool("has_expired")
    }
}

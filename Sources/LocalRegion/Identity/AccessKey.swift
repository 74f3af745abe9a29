import IAMPolicy
import JSON
import PostgreSQL

/// A row of `access_keys` with the policies of whom it belongs to: who may sign as whom, and what they may do.
struct AccessKey: Sendable {
    let id: String
    let secret: String
    /// Set for temporary keys, whose requests must carry it.
    let sessionToken: String?
    let principal: String
    let hasExpired: Bool
    /// Milliseconds.
    let createdAt: Int64
    /// Of the user or role.
    let policies: [PolicyDocument]
    /// Of the session: nil without any.
    let sessionPolicies: [PolicyDocument]?
    let sessionTags: [String: String]
    let sourceIdentity: String?

    static func query(_ id: String) -> SQL {
        """
        SELECT id, secret, session_token, principal, coalesce(expires_at <= now(), false) AS has_expired, created_at,
            session_policies, session_tags, source_identity, (
                SELECT coalesce(jsonb_agg(document), '[]') FROM identity_policies
                WHERE holder = CASE WHEN session_token IS NULL THEN 'user/' || principal
                    ELSE 'role/' || split_part(principal, '/', 2) END
            ) AS policies
        FROM access_keys WHERE id = \(id)
        """
    }

    init(_ row: borrowing Row) throws {
        id = try row.text("id")
        secret = try row.text("secret")
        sessionToken = try row.textOptional("session_token")
        principal = try row.text("principal")
        hasExpired = try row.bool("has_expired")
        createdAt = try row.milliseconds("created_at")
        policies = try Self.documents(try row.document("policies"))
        sessionPolicies = try row.jsonOptional("session_policies").map { text in
            try Self.documents(try JSONValue.parse(text.bytes))
        }
        let tags = try row.document("session_tags").members ?? []
        sessionTags = Dictionary(tags.map { ($0.name, $0.value.string ?? "") }) { first, _ in first }
        sourceIdentity = try row.textOptional("source_identity")
    }

    private static func documents(_ json: JSONValue) throws -> [PolicyDocument] {
        try (json.array ?? []).map { try PolicyDocument($0, as: .identity) }
    }
}

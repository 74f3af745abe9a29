import FoundationEssentials
package import PostgreSQL

/// What one thread owns while it answers requests: its connection, and who asks just now.
package struct Scope: ~Copyable {
    package var database: Connection
    package let site: Site
    package var caller: Caller = .nobody
    /// Whence the request came, as nginx says.
    var address = ""
    /// As the request's cookie wants it.
    var theme: Theme?
    /// The session's new secret, where this request renewed it: its cookie goes out with the answer.
    var renewedSession: String?

    package init(database: consuming Connection, site: Site) {
        self.database = database
        self.site = site
    }

    /// Whether the asker manages the environment: every admin does, and those whom an admin named.
    mutating func mayManage(_ environment: UUID) throws -> Bool {
        _ = try identity()
        return try database.row("SELECT may_manage_environment(\(environment))") { try $0.bool(0) } ?? false
    }

    /// Who is asking; routes that anyone may use have no identity, all others are refused before they get here.
    func identity() throws -> Identity {
        guard case .identified(let identity) = caller else { throw Failure.signInNeeded }
        return identity
    }
}

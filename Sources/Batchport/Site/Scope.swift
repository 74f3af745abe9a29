package import PostgreSQL

/// What one thread owns while it answers requests: its connection, and who asks just now.
package struct Scope: ~Copyable {
    package var database: Connection
    package let site: Site
    package var caller: Caller = .nobody
    /// As the request's cookie wants it.
    var theme: Theme?

    package init(database: consuming Connection, site: Site) {
        self.database = database
        self.site = site
    }

    /// Who is asking; routes that anyone may use have no identity, all others are refused before they get here.
    func identity() throws -> Identity {
        guard case .identified(let identity) = caller else { throw Failure.signInNeeded }
        return identity
    }
}

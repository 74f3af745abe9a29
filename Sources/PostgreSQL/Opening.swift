/// How a connection was opened, and for whom: what is written while it is fetched reads by one of its own, since the thread's
/// is given back with the answer.
package struct Opening: Sendable {
    let conninfo: String
    let identity: String?

    package func connection() throws(PostgresError) -> Connection {
        var connection = try Connection(conninfo)
        connection.identity = identity
        return connection
    }
}

extension Connection {
    package var opening: Opening { Opening(conninfo: conninfo, identity: identity) }
}

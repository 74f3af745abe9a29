internal import CPostgreSQL

extension Connection {
    /// Statements made at run time, several at once, without binds: for migrations only, hence not `package`.
    mutating func script(_ text: String) throws(PostgresError) {
        guard !isBroken, unsafe PQexitPipelineMode(handle) == 1 else {
            throw PostgresError(kind: .connection, message: "the connection is broken")
        }
        let result = unsafe PQexec(handle, text)
        defer { unsafe PQclear(result) }
        let entered = unsafe PQenterPipelineMode(handle)
        guard let result = unsafe result, unsafe PQstatus(handle) == CONNECTION_OK, entered == 1 else {
            isLost = true
            throw unsafe PostgresError(connection: handle)
        }
        if unsafe PQresultStatus(result) == PGRES_FATAL_ERROR { throw unsafe PostgresError(result: result) }
    }
}

internal import CPostgreSQL

extension Connection {
    /// `BEGIN` and the identity travel with the body's first statement. Commits when `body` returns, rolls back when it
    /// throws. If the connection breaks during the commit, the error's kind is `.unknownCommit`. Does not nest.
    package mutating func transaction<Value>(_ body: (inout Connection) throws -> Value) throws -> Value {
        guard stage == .outside else {
            throw PostgresError(kind: .statement, sqlState: "25001", message: "a transaction is open already")
        }
        stage = .opening
        defer { stage = .outside }
        let value: Value
        do {
            value = try body(&self)
        } catch {
            rollBack()
            throw error
        }
        try commit()
        return value
    }

    private mutating func commit() throws(PostgresError) {
        guard stage == .inside else { return }
        guard !isBroken else {
            throw PostgresError(kind: .connection, message: "the connection broke inside the transaction")
        }
        let results: [QueryResult]
        do {
            results = try run(["COMMIT"])
        } catch {
            var error = error
            if error.kind == .connection { error.kind = .unknownCommit }
            throw error
        }
        // After a failed statement the server answers COMMIT with ROLLBACK, which is no error to libpq.
        guard results.first?.command == "COMMIT" else {
            throw PostgresError(kind: .statement, sqlState: "25P02", message: "the transaction had failed already")
        }
    }

    private mutating func rollBack() {
        guard stage == .inside, !isBroken, unsafe PQtransactionStatus(handle) != PQTRANS_IDLE else { return }
        do {
            _ = try run(["ROLLBACK"])
        } catch {
            isLost = true  // Whatever the server thinks is open must not reach the next statement.
        }
    }
}

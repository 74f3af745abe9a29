internal import CPostgreSQL

/// Sending and receiving: each call is one batch behind one `Sync`.
extension Connection {
    private enum Step {
        case deallocateAll
        case prepare(Statements.Key, name: String)
        case execute(SQL, key: Statements.Key, name: String, keep: Bool)
    }

    /// The results of `statements`, in order; the first failure is thrown once the server has answered everything.
    mutating func run(_ statements: [SQL]) throws(PostgresError) -> [QueryResult] {
        guard !isBroken else { throw PostgresError(kind: .connection, message: "the connection is broken") }
        for sql in statements {
            if sql.binds.containNUL {
                throw PostgresError(kind: .statement, sqlState: "22021", message: "text holds a NUL")
            }
            if sql.binds.count > Int(UInt16.max) {
                throw PostgresError(kind: .statement, sqlState: "54000", message: "more than 65535 binds")
            }
        }
        let steps = plan(statements)
        if stage == .opening { stage = .inside }
        try send(steps)
        return try receive(steps)
    }

    private mutating func plan(_ statements: [SQL]) -> [Step] {
        let opening = openingStatements()
        var steps: [Step] = []
        var names: [Statements.Key: String] = [:]
        let isFull = self.statements.isFull(for: opening.count + statements.count)
        if isFull { steps.append(.deallocateAll) }
        for (index, sql) in (opening + statements).enumerated() {
            let key = Statements.Key(sql)
            var name = names[key] ?? (isFull ? nil : self.statements[key])
            if name == nil {
                let new = self.statements.nextName()
                steps.append(.prepare(key, name: new))
                names[key] = new
                name = new
            }
            steps.append(.execute(sql, key: key, name: name ?? "", keep: index >= opening.count))
        }
        return steps
    }

    private func openingStatements() -> [SQL] {
        var opening: [SQL] = stage == .opening ? ["BEGIN"] : []
        if stage != .inside, let identity {
            opening.append("SELECT set_config('batchport.session', \(identity), true)")
        }
        return opening
    }

    private mutating func send(_ steps: [Step]) throws(PostgresError) {
        for step in steps {
            guard send(step) == 1 else { throw lose() }
        }
        guard unsafe PQpipelineSync(handle) == 1 else { throw lose() }
    }

    private func send(_ step: Step) -> Int32 {
        switch step {
        case .deallocateAll:
            return unsafe PQsendQueryParams(handle, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 1)
        case .prepare(let key, let name):
            return unsafe PQsendPrepare(handle, name, key.text, Int32(key.types.count), key.types.map(\.rawValue))
        case .execute(let sql, _, let name, _):
            return sql.binds.withParameters { parameters in
                unsafe PQsendQueryPrepared(
                    handle, name, Int32(parameters.lengths.count), parameters.values, parameters.lengths,
                    parameters.formats, PostgresFormat.binary.rawValue)
            }
        }
    }

    private mutating func receive(_ steps: [Step]) throws(PostgresError) -> [QueryResult] {
        var results: [QueryResult] = []
        var failure: PostgresError?
        for step in steps {
            guard let result = unsafe PQgetResult(handle) else { throw lose(failure) }
            switch unsafe PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                let answer = unsafe QueryResult(result)
                note(step)
                if case .execute(_, _, _, keep: true) = step { results.append(answer) }
            case PGRES_PIPELINE_ABORTED:
                unsafe PQclear(result)
            case PGRES_FATAL_ERROR:
                let error = unsafe PostgresError(result: result)
                unsafe PQclear(result)
                forget(step, after: error)
                failure = failure ?? error
            default:  // COPY, which this module does not speak.
                unsafe PQclear(result)
                throw lose(failure)
            }
            guard unsafe PQstatus(handle) == CONNECTION_OK, finishStep() else { throw lose(failure) }
        }
        guard let sync = unsafe PQgetResult(handle) else { throw lose(failure) }
        defer { unsafe PQclear(sync) }
        guard unsafe PQresultStatus(sync) == PGRES_PIPELINE_SYNC else { throw lose(failure) }
        if let failure { throw failure }
        return results
    }

    /// Each step's results end with a nil; anything else before it means that the connection died meanwhile.
    private func finishStep() -> Bool {
        guard let extra = unsafe PQgetResult(handle) else { return true }
        unsafe PQclear(extra)
        return false
    }

    private mutating func note(_ step: Step) {
        switch step {
        case .deallocateAll: statements.removeAll()
        case .prepare(let key, let name): statements.remember(key, as: name)
        case .execute: break
        }
    }

    /// 0A000: a migration changed what the plan returns; 26000: the server has forgotten it. Prepared anew next time.
    private mutating func forget(_ step: Step, after error: PostgresError) {
        guard case .execute(_, let key, _, _) = step, error.sqlState == "0A000" || error.sqlState == "26000" else {
            return
        }
        statements.forget(key)
    }

    private mutating func lose(_ failure: PostgresError? = nil) -> PostgresError {
        isLost = true
        var error = unsafe failure ?? PostgresError(connection: handle)
        error.kind = .connection
        return error
    }
}

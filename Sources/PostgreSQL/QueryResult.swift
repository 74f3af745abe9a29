internal import CPostgreSQL

/// The answer to one statement of a pipeline.
@safe package final class QueryResult {
    private let handle: OpaquePointer

    /// Takes ownership of a `PGresult`.
    init(_ handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
    }

    deinit {
        unsafe PQclear(handle)
    }

    package var count: Int { Int(unsafe PQntuples(handle)) }

    /// Rows inserted, updated, deleted or selected.
    package var affected: Int { unsafe Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    package func rows<Value>(_ decode: (borrowing Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        let count = unsafe PQntuples(handle)
        values.reserveCapacity(Int(count))
        for index in 0..<count { values.append(try decode(unsafe Row(result: handle, index: index))) }
        return values
    }

    /// The first row, nil when there is none.
    package func row<Value>(_ decode: (borrowing Row) throws -> Value) throws -> Value? {
        count == 0 ? nil : try decode(unsafe Row(result: handle, index: 0))
    }

    /// The command's tag without its counts, such as `COMMIT`.
    var command: String { unsafe String(cString: PQcmdStatus(handle)) }
}

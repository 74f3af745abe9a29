internal import CPostgreSQL

/// The answer to one statement of a pipeline.
@safe package final class QueryResult {
    let handle: OpaquePointer
    /// The same for every row.
    let columnTypes: [PostgresType]

    /// Takes ownership of a `PGresult`.
    init(_ handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
        columnTypes = unsafe (0..<PQnfields(handle)).map { unsafe PostgresType(rawValue: PQftype(handle, $0)) }
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
        for index in 0..<count { values.append(try decode(Row(self, index))) }
        return values
    }

    /// The first row, nil when there is none.
    package func row<Value>(_ decode: (borrowing Row) throws -> Value) throws -> Value? {
        guard count > 0 else { return nil }
        let row = Row(self, 0)
        return try decode(row)
    }

    /// The command's tag without its counts, such as `COMMIT`.
    var command: String { unsafe String(cString: PQcmdStatus(handle)) }

    /// In bytes; nil for NULL.
    func length(_ row: Int32, _ column: Int32) -> Int? {
        let length = unsafe PQgetlength(handle, row, column)
        // NULL has no length, and few values have none.
        return unsafe length == 0 && PQgetisnull(handle, row, column) == 1 ? nil : Int(length)
    }

    func withBytes<Value>(_ row: Int32, _ column: Int32, _ length: Int, _ body: (Span<UInt8>) -> Value) -> Value {
        let start = unsafe UnsafeRawPointer(PQgetvalue(handle, row, column)).assumingMemoryBound(to: UInt8.self)
        return body(unsafe Span(_unsafeStart: start, count: length))
    }
}

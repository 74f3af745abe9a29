internal import CPostgreSQL

/// What went wrong, by code. `description` holds nothing that came from a row or a bind, so it may be logged.
package struct PostgresError: Error, Sendable {
    package enum Kind: Sendable {
        /// There is no connection (any more). Outside `COMMIT` nothing of an open transaction was kept; a statement
        /// on its own may have taken effect.
        case connection
        /// The server refused the statement; `sqlState` says why.
        case statement
        /// A row was not as the decoder expects.
        case decoding
        /// The connection broke during `COMMIT`: ask by key whether the transaction took effect.
        case unknownCommit
    }

    package var kind: Kind
    /// Five characters, PostgreSQL appendix A; nil when the failure was not the server's.
    package var sqlState: String?
    /// The name of the violated constraint, as the migration gave it.
    package var constraint: String?
    /// The server's or libpq's own sentence. It may quote values: for an operator's terminal, never for a log.
    package var message: String

    package init(kind: Kind, sqlState: String? = nil, constraint: String? = nil, message: String) {
        self.kind = kind
        self.sqlState = sqlState
        self.constraint = constraint
        self.message = message
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }
    /// A deadlock or a serialisation failure: the same transaction may succeed when run again.
    package var isTransient: Bool { sqlState == "40001" || sqlState == "40P01" }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        switch kind {
        case .connection: "PostgreSQL: no connection" + code
        case .unknownCommit: "PostgreSQL: the connection broke during COMMIT, its outcome is unknown" + code
        case .decoding: "PostgreSQL: \(message)"
        case .statement: "PostgreSQL refused the statement" + code + (namesOnly ? ": \(message)" : "")
        }
    }

    package var debugDescription: String { description }

    private var code: String {
        let parts = [sqlState, constraint.map { "constraint \($0)" }].compactMap { $0 }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    /// Class 42 (syntax, unknown or forbidden names) quotes the statement's own text, never a value.
    private var namesOnly: Bool { sqlState?.hasPrefix("42") ?? false }
}

extension PostgresError {
    /// Of a failed result; reads everything at once, before another call can change it.
    init(result: OpaquePointer) {
        func field(_ code: UInt8) -> String? {
            unsafe PQresultErrorField(result, Int32(code)).map { unsafe String(cString: $0) }
        }
        self.init(
            kind: .statement, sqlState: field(UInt8(ascii: "C")), constraint: field(UInt8(ascii: "n")),
            message: field(UInt8(ascii: "M")) ?? "")
    }

    init(connection: OpaquePointer?) {
        self.init(kind: .connection, message: unsafe String(cString: PQerrorMessage(connection)))
    }
}

package import JSON
package import PostgreSQL

/// CloudWatch Logs' operations by name (`GetLogEvents`).
package enum LogsService {
    /// Nil is AWS's empty answer.
    package static func answer(
        _ operation: String, _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> JSONValue? {
        throw LocalFault(code: "UnknownOperationException", message: "Unknown operation \(operation)")
    }
}

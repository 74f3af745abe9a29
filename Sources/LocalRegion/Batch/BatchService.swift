package import JSON
package import PostgreSQL

/// AWS Batch's operations by their lower-case names on the wire (`submitjob`; `tagresource`, `untagresource` and
/// `listtagsforresource` get `resourceArn` from the path).
package enum BatchService {
    /// What the first start makes: the queue `local` and its definitions. Called under a lock, at every start.
    package static func prepare(_ database: inout Connection) throws {}

    /// Nil is AWS's empty answer.
    package static func answer(
        _ operation: String, _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> JSONValue? {
        throw LocalFault(status: 404, code: "UnknownOperationException", message: "Unknown operation \(operation)")
    }
}

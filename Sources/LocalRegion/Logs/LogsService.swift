package import JSON
package import PostgreSQL

/// CloudWatch Logs' operations by name (`GetLogEvents`).
package enum LogsService {
    /// Nil is AWS's empty answer.
    /// - Throws: `LocalFault` for what the caller did wrong, `PostgresError`.
    package static func answer(
        _ operation: String, _ input: JSONValue, _ caller: LocalCaller, _ database: inout Connection
    ) throws -> JSONValue? {
        try LogsModel.check(operation, input)
        switch operation {
        case "GetLogEvents": return try GetLogEvents.answer(input, &database)
        case "FilterLogEvents": return try FilterLogEvents.answer(input, &database)
        case "PutLogEvents": return try PutLogEvents.answer(input, &database)
        case "DescribeLogGroups": return try LogGroups.describe(input, caller, &database)
        case "DescribeLogStreams": return try LogGroups.describeStreams(input, caller, &database)
        case "CreateLogGroup": try LogGroups.create(input, &database)
        case "CreateLogStream": try LogGroups.createStream(input, &database)
        default:
            throw LocalFault(
                code: "UnknownOperationException",
                message: "The local region does not have CloudWatch Logs' operation \(operation.prefix(64))")
        }
        return nil
    }
}

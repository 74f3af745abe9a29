import JSON

/// What CloudWatch Logs' operations need to be allowed to do. What concerns a whole group is asked of
/// `log-group:NAME:log-stream:`, so that policies must name groups with `:*`, as AWS demands.
enum LogsPermissions {
    /// Empty for an operation that does not exist.
    static func of(_ operation: String, _ input: JSONValue, _ caller: LocalCaller, region: String) -> [Permission] {
        let start = "arn:aws:logs:\(region):\(caller.account):log-group:"
        // A request that names no group, or none that could be, gets its own answer afterwards.
        let group = (try? RequestMembers(input)).flatMap { try? LogGroups.groupName($0) } ?? ""
        let whole = "\(start)\(group):log-stream:"
        return switch operation {
        case "GetLogEvents", "PutLogEvents", "CreateLogStream":
            [Permission("logs:\(operation)", whole + (input["logStreamName"]?.string ?? ""))]
        case "FilterLogEvents", "DescribeLogStreams", "CreateLogGroup":
            [Permission("logs:\(operation)", whole)]
        case "DescribeLogGroups": [Permission("logs:\(operation)", "\(start):log-stream:")]
        default: []
        }
    }
}

internal import JSON

package struct LogEvent: Sendable, Equatable {
    /// Milliseconds since the epoch.
    package let timestamp: Int64
    package let message: String
}

package struct LogPage: Sendable, Equatable {
    /// In the stream's order. An empty page is not the end.
    package let events: [LogEvent]
    /// The end, for now, is where this equals the token that was sent; later events come on the same token.
    package let nextForwardToken: String?
}

extension AWSClient {
    /// A page of a log stream from its head, or from where `token` (of a page before, good for 24 h) left off.
    /// A stream that does not exist (yet) is `.isNotFound`.
    package mutating func logEvents(
        group: String, stream: String, token: String? = nil, limit: Int = 10_000, by credentials: AWSCredentials,
        in region: String
    ) throws(AWSError) -> LogPage {
        var input: [JSONValue.Member] = [
            .init("logGroupName", .string(group)), .init("logStreamName", .string(stream)),
            .init("startFromHead", true), .init("limit", JSONValue(limit)),
        ]
        if let token { input.append(.init("nextToken", .string(token))) }
        let body = try json(.logs("GetLogEvents", .object(input)), credentials, region)
        let events = (body["events"]?.array ?? []).map { raw in
            LogEvent(timestamp: raw["timestamp"]?.time ?? 0, message: raw["message"]?.string ?? "")
        }
        return LogPage(events: events, nextForwardToken: body["nextForwardToken"]?.nonEmpty)
    }
}

/// A line of one of several streams that were asked for together.
package struct StreamEvent: Sendable, Equatable {
    package let stream: String
    /// Milliseconds since the epoch.
    package let timestamp: Int64
    package let message: String
}

extension AWSClient {
    /// A page of the events of several streams, by time: each stream's are in its own order. An empty page with a token
    /// is not the end; the end is where there is none.
    /// - Parameter streams: at most 100 names. One that does not exist makes the whole call `.isNotFound`.
    package mutating func logEvents(
        group: String, streams: [String], token: String? = nil, limit: Int = 10_000, by credentials: AWSCredentials,
        in region: String
    ) throws(AWSError) -> (events: [StreamEvent], next: String?) {
        var input: [JSONValue.Member] = [
            .init("logGroupName", .string(group)), .init("logStreamNames", JSONValue(streams)),
            .init("limit", JSONValue(limit)),
        ]
        if let token { input.append(.init("nextToken", .string(token))) }
        let call = Call.logs("FilterLogEvents", .object(input))
        guard streams.count <= 100 else {
            throw call.failure("BadArgument", "FilterLogEvents takes at most 100 streams.")
        }
        let body = try json(call, credentials, region)
        let events = (body["events"]?.array ?? []).map { raw in
            StreamEvent(
                stream: raw["logStreamName"]?.string ?? "", timestamp: raw["timestamp"]?.time ?? 0,
                message: raw["message"]?.string ?? "")
        }
        return (events, body["nextToken"]?.nonEmpty)
    }
}

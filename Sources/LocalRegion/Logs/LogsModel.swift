internal import JSON

/// What the model of CloudWatch Logs demands of requests, for all operations alike; told before anything is looked up.
///
/// Source: botocore's model of 2014-03-28.
enum LogsModel {
    static func check(_ operation: String, _ input: JSONValue) throws(LocalFault) {
        let request = try RequestMembers(input)
        var check = ModelCheck()
        check.group("logGroupName", try request.string("logGroupName"))
        check.group("logGroupNamePrefix", try request.string("logGroupNamePrefix"))
        check.group("logGroupNamePattern", try request.string("logGroupNamePattern"))
        check.length("logGroupIdentifier", try request.string("logGroupIdentifier"), 1...2048)
        check.stream("logStreamName", try request.string("logStreamName"))
        check.stream("logStreamNamePrefix", try request.string("logStreamNamePrefix"))
        let streams = try request.strings("logStreamNames")
        check.count("logStreamNames", streams, 1...100)
        for (index, name) in (streams ?? []).enumerated() { check.stream("logStreamNames.\(index + 1).member", name) }
        check.length("filterPattern", try request.string("filterPattern"), 0...1024)
        check.length("nextToken", try request.string("nextToken"), 1...Int.max)
        check.oneOf("orderBy", try request.string("orderBy"), ["LogStreamName", "LastEventTime"])
        for name in ["startTime", "endTime"] { check.range(name, try request.integer(name), 0...Int.max) }
        let most = operation.hasPrefix("Describe") ? 50 : 10_000
        check.range("limit", try request.integer("limit"), 1...most)
        if let message = check.message { throw .parameter(message) }
    }
}

extension ModelCheck {
    fileprivate mutating func group(_ member: String, _ value: String?) {
        length(member, value, 1...512)
        pattern(member, value, "[\\.\\-_/#A-Za-z0-9]+") { $0.isMadeOfWords(and: ".-/#") }
    }

    fileprivate mutating func stream(_ member: String, _ value: String?) {
        length(member, value, 1...512)
        pattern(member, value, "[^:*]*") { !$0.utf8.contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "*") } }
    }
}

import JSON
import LocalRegion
import PostgreSQL
import TestSupport
import Testing

struct LogEventsTests {
    private let region: BatchFixture

    init() throws {
        region = try BatchFixture()
        var connection = try region.connect()
        try connection.execute("INSERT INTO log_streams (log_group, name) VALUES ('/aws/batch/job', 's')")
    }

    private func add(_ messages: [String], firstNumber: Int = 1) throws {
        var connection = try region.connect()
        try connection.execute(
            """
            INSERT INTO log_events (stream, number, at, message)
            SELECT id, \(firstNumber) + place - 1, 1000 * (\(firstNumber) + place - 1), message
            FROM log_streams, unnest(\(messages)) WITH ORDINALITY AS event (message, place) WHERE name = 's'
            """)
    }

    private func page(_ more: [String: JSONValue] = [:]) throws -> (messages: [String], forward: String, back: String) {
        let members = ["logGroupName": "/aws/batch/job", "logStreamName": "s"].merging(more) { _, new in new }
        let page = try #require(try region.logs(.object(members.map { JSONValue.Member($0.key, $0.value) })))
        return (
            (page["events"]?.array ?? []).compactMap { $0["message"]?.string },
            try #require(page["nextForwardToken"]?.string), try #require(page["nextBackwardToken"]?.string)
        )
    }

    @Test func forwardUntilTheTokenComesBackAndThenWhatIsNew() throws {
        try add(["a", "b", "c"])
        let first = try page(["startFromHead": true, "limit": 2])
        #expect(first.messages == ["a", "b"])
        let second = try page(["nextToken": .string(first.forward), "startFromHead": true])
        #expect(second.messages == ["c"])
        #expect(second.forward != first.forward)
        let end = try page(["nextToken": .string(second.forward), "startFromHead": true])
        #expect(end.messages == [])
        #expect(end.forward == second.forward)
        try add(["d"], firstNumber: 4)
        #expect(try page(["nextToken": .string(end.forward), "startFromHead": true]).messages == ["d"])
    }

    @Test func backwardFromTheNewest() throws {
        try add(["a", "b", "c"])
        let newest = try page(["limit": 2])
        #expect(newest.messages == ["b", "c"])
        let older = try page(["nextToken": .string(newest.back)])
        #expect(older.messages == ["a"])
        let start = try page(["nextToken": .string(older.back)])
        #expect(start.messages == [])
        #expect(start.back == older.back)
        #expect(try page(["nextToken": .string(start.forward), "startFromHead": true]).messages == ["a", "b", "c"])
    }

    @Test func anEmptyStreamHasTokensThatWait() throws {
        let empty = try page(["startFromHead": true])
        #expect(empty.messages == [])
        try add(["a"])
        #expect(try page(["nextToken": .string(empty.forward), "startFromHead": true]).messages == ["a"])
    }

    /// The messages of several streams, page by page.
    private func filtered(_ more: [String: JSONValue]) throws -> [[String]] {
        var (pages, token): ([[String]], String?) = ([], nil)
        repeat {
            var members: [String: JSONValue] = ["logGroupName": "/aws/batch/job"]
            for (name, value) in more { members[name] = value }
            if let token { members["nextToken"] = .string(token) }
            let input = JSONValue.object(members.map { JSONValue.Member($0.key, $0.value) })
            let page = try #require(try region.logs(input, "FilterLogEvents"))
            let events = (page["events"]?.array ?? []).map { event -> String in
                let (stream, message) = (event["logStreamName"]?.string ?? "", event["message"]?.string ?? "")
                return stream + ":" + message
            }
            if !events.isEmpty { pages.append(events) }
            token = page["nextToken"]?.string
        } while token != nil
        return pages
    }

    @Test func severalStreamsByTime() throws {
        try add(["a", "b", "c"])
        var connection = try region.connect()
        try connection.execute("INSERT INTO log_streams (log_group, name) VALUES ('/aws/batch/job', 't')")
        try connection.execute(
            "INSERT INTO log_events (stream, number, at, message) SELECT id, 1, 1500, 'x' FROM log_streams WHERE name = 't'"
        )
        let both: JSONValue = ["s", "t"]
        #expect(try filtered(["logStreamNames": both, "limit": 3]) == [["s:a", "t:x", "s:b"], ["s:c"]])
        #expect(try filtered(["logStreamNames": both, "startTime": 1500, "endTime": 2000]) == [["t:x", "s:b"]])
        #expect(try filtered(["logStreamNamePrefix": "t"]) == [["t:x"]])
    }

    @Test(
        arguments: [
            (
                ["logStreamNames": ["s", "none"]], "ResourceNotFoundException",
                "The specified log stream does not exist."
            ),
            (["logGroupName": "none"], "ResourceNotFoundException", "The specified log group does not exist."),
            (["nextToken": "1/2"], "InvalidParameterException", "The specified nextToken is invalid."),
            (
                ["filterPattern": "{ $.level = 1 }"], "InvalidParameterException",
                "The local region has filter patterns of terms only, not of JSON, columns or expressions."
            ),
            (
                ["logStreamNames": []], "InvalidParameterException",
                "1 validation error detected: Value '[]' at 'logStreamNames' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1"
            ),
        ] as [([String: JSONValue], String, String)])
    func faultsOfSeveral(more: [String: JSONValue], code: String, message: String) throws {
        let fault = #expect(throws: LocalFault.self) { try filtered(more) }
        #expect(fault == LocalFault(code: code, message: message))
    }

    @Test func timesBoundThePage() throws {
        try add(["1", "2", "3", "4"])
        #expect(try page(["startTime": 2000, "endTime": 4000, "startFromHead": true]).messages == ["2", "3"])
    }

    @Test func aPageHoldsAMebibyteOrOneEvent() throws {
        let large = String(repeating: "x", count: 600_000)
        try add([large, large, String(repeating: "y", count: 1 << 20), "z"])
        var token: String?
        var sizes: [[Int]] = []
        while true {
            let next = try page(["startFromHead": true].merging(token.map { ["nextToken": .string($0)] } ?? [:]) { $1 })
            if next.forward == token { break }
            sizes.append(next.messages.map(\.utf8.count))
            token = next.forward
        }
        #expect(sizes == [[600_000], [600_000], [1 << 20], [1]])
        #expect(try page().messages == ["z"])
    }

    @Test(
        arguments: [
            (["logStreamName": "none"], "ResourceNotFoundException", "The specified log stream does not exist."),
            (["logGroupName": "none"], "ResourceNotFoundException", "The specified log group does not exist."),
            (["nextToken": "x/1"], "InvalidParameterException", "The specified nextToken is invalid."),
            (["nextToken": "f/x"], "InvalidParameterException", "The specified nextToken is invalid."),
            (
                ["limit": 10_001], "InvalidParameterException",
                "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: "
                    + "Member must have value less than or equal to 10000"
            ),
        ] as [([String: JSONValue], String, String)])
    func faults(more: [String: JSONValue], code: String, message: String) throws {
        let fault = #expect(throws: LocalFault.self) { try page(more) }
        #expect(fault == LocalFault(code: code, message: message))
    }
}

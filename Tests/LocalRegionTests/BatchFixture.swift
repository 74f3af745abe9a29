import FoundationEssentials
import JSON
import LocalRegion
import PostgreSQL
import TestSupport

/// A local region's database with its first queue and definitions, asked as the front asks.
struct BatchFixture {
    let database: TestDatabase
    let caller = LocalCaller(principal: "first", account: "000000000000", accessKeyID: "AKIAFIRSTFIRSTFIRST")

    init() throws {
        database = try TestDatabase.create(series: .local)
        var connection = try connect()
        try BatchService.prepare(&connection)
    }

    func connect() throws -> Connection { try database.connect(.local) }

    @discardableResult
    func ask(_ operation: String, _ input: JSONValue) throws -> JSONValue? {
        var connection = try connect()
        return try BatchService.answer(operation, input, caller, &connection)
    }

    func logs(_ input: JSONValue, _ operation: String = "GetLogEvents") throws -> JSONValue? {
        var connection = try connect()
        return try LogsService.answer(operation, input, caller, &connection)
    }

    /// A job of the definition `plain`; `more` adds to or replaces the request's members. Answers its id.
    func submit(
        _ command: [String] = ["true"], name: String = "test", memoryMiB: Int? = nil, _ more: [String: JSONValue] = [:]
    ) throws -> String {
        var overrides: [JSONValue.Member] = [.init("command", JSONValue(command))]
        if let memoryMiB {
            overrides.append(
                .init("resourceRequirements", [["type": "MEMORY", "value": .string(String(memoryMiB))]]))
        }
        var request: [String: JSONValue] = [
            "jobName": .string(name), "jobQueue": "local", "jobDefinition": "plain",
            "containerOverrides": .object(overrides),
        ]
        request.merge(more) { _, new in new }
        let input = JSONValue.object(request.map { JSONValue.Member($0.key, $0.value) })
        return try ask("submitjob", input)?["jobId"]?.string ?? ""
    }

    func describe(_ id: String) throws -> JSONValue {
        try ask("describejobs", ["jobs": [.string(id)]])?["jobs"]?[0] ?? .null
    }

    /// All events of a stream, read page by page from its head.
    func log(_ stream: String) throws -> [String] {
        var lines: [String] = []
        var token: String?
        while true {
            var input: JSONValue = [
                "logGroupName": "/aws/batch/job", "logStreamName": .string(stream), "startFromHead": true,
            ]
            if let token, case .object(let members) = input {
                input = .object(members + [.init("nextToken", .string(token))])
            }
            guard let page = try logs(input), let next = page["nextForwardToken"]?.string else { return lines }
            lines += (page["events"]?.array ?? []).compactMap { $0["message"]?.string }
            if next == token { return lines }
            token = next
        }
    }
}

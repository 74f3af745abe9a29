import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import LocalRegion

struct SimulationTests {
    private let house: ExecutorFixture
    private var region: BatchFixture { house.region }

    init() throws { house = try ExecutorFixture() }

    private func order(_ script: String) throws {
        var connection = try region.connect()
        try Orders(Array(script.utf8)).give(&connection)
    }

    /// `more` members of the request, with the variable that makes it pretend.
    private func submit(_ simulation: String, _ more: [String: JSONValue] = [:]) throws -> String {
        let overrides: JSONValue = [
            "environment": [["name": "BATCHPORT_SIMULATION", "value": .string(simulation)]], "command": ["false"],
        ]
        return try region.submit([], ["containerOverrides": overrides].merging(more) { $1 })
    }

    @Test func aPretendedJobGoesItsWay() throws {
        try house.start()
        let job = try house.finish(submit("instant"))
        #expect(job["status"] == "SUCCEEDED")
        #expect(job["container"]?["exitCode"] == 0)
        #expect(job["attempts"]?.array?.count == 1)
        let times = ["createdAt", "startedAt", "stoppedAt"].compactMap { job[$0]?.integer }
        #expect(times.count == 3 && times == times.sorted())
        #expect(try house.log(job) == ["pretended line 1"])
    }

    @Test func definitionOrQueueCanSayThatJobsPretend() throws {
        var admin = try region.database.connect(.migrate)
        _ = try admin.pipeline([
            """
            INSERT INTO job_definitions (name, revision, image, memory_mib, command, tags)
            VALUES ('pretends', 1, 'x', 64, '{false}', '{"batchport:simulation": "instant"}')
            """,
            """
            INSERT INTO job_queues (name, tags) VALUES ('pretends', '{"batchport:simulation": "failure"}')
            """,
        ])
        try house.start()
        let (one, two) = (
            try region.submit([], ["jobDefinition": "pretends"]), try region.submit(["true"], ["jobQueue": "pretends"])
        )
        #expect(try house.finish(one)["status"] == "SUCCEEDED")
        #expect(try house.finish(two)["status"] == "FAILED")
        let fault = #expect(throws: LocalFault.self) { try submit("none") }
        #expect(fault?.message.contains("no simulation none") == true)
    }

    /// Reasons as AWS gives them; `hasStarted` is whether the attempt has a time of its beginning, as its end has.
    @Test(
        arguments: [
            ("failure", "Essential container in task exited", nil, 1, true, true),
            ("spotLoss", "Host EC2 (instance i-", nil, nil, true, true),
            ("spotLossBeforeStart", "Host EC2 (instance i-", nil, nil, false, false),
            ("outOfMemory", "Essential container in task exited", "OutOfMemoryError: ", 137, true, true),
            ("outOfMemoryExitZero", "Essential container in task exited", "OutOfMemoryError: ", 0, true, true),
            ("cannotPull", "Task failed to start", "CannotPullContainerError: ", nil, false, false),
            ("timeout", "Job attempt duration exceeded timeout", nil, 137, true, true),
        ] as [(String, String, String?, Int?, Bool, Bool)])
    func waysToFail(
        simulation: String, statusReason: String, reason: String?, exitCode: Int?, hasStarted: Bool, hasLog: Bool
    ) throws {
        try house.start()
        let job = try house.finish(submit(simulation, ["retryStrategy": ["attempts": 2]]))
        #expect(job["status"] == "FAILED")
        #expect(job["statusReason"]?.string?.hasPrefix(statusReason) == true)
        #expect(job["statusReason"]?.string?.contains("{") == false)
        #expect(job["container"]?["reason"]?.string?.hasPrefix(reason ?? "") ?? (reason == nil))
        #expect(job["container"]?["exitCode"]?.integer == exitCode)
        #expect((job["startedAt"] != nil) == hasStarted)
        let attempts = try #require(job["attempts"]?.array)
        #expect(attempts.count == (simulation == "timeout" ? 1 : 2))
        for attempt in attempts {
            #expect(attempt["stoppedAt"] != nil)
            #expect((attempt["startedAt"] != nil) == hasStarted)
            #expect((attempt["container"]?["logStreamName"] != nil) == hasLog)
        }
    }

    @Test func aLogStreamCanBeMissing() throws {
        try house.start()
        let job = try house.finish(submit("noLogStream"))
        let fault = #expect(throws: LocalFault.self) { try house.log(job) }
        #expect(fault?.code == "ResourceNotFoundException")
    }

    @Test func rulesDecideWhichFailureIsRetried() throws {
        try house.start()
        let rules: JSONValue = [
            ["onStatusReason": "Host EC2*", "action": "RETRY"], ["onReason": "*", "action": "EXIT"],
        ]
        let strategy: JSONValue = ["attempts": 3, "evaluateOnExit": rules]
        #expect(try house.finish(submit("spotLoss", ["retryStrategy": strategy]))["attempts"]?.array?.count == 3)
        #expect(try house.finish(submit("cannotPull", ["retryStrategy": strategy]))["attempts"]?.array?.count == 1)
    }

    @Test func tenThousandChildrenAndWhichOfThemFail() throws {
        try order(#"{"simulations": [{"name": "some", "failing": 0.1, "seed": 7, "exitCode": 3, "logLines": 0}]}"#)
        try house.start()
        let id = try submit("some", ["arrayProperties": ["size": 10_000]])
        let parent = try house.finish(id)
        #expect(parent["statusReason"] == "Array Child Job failed")
        let failed = parent["arrayProperties"]?["statusSummary"]?["FAILED"]?.integer ?? 0
        #expect((800...1200).contains(failed))
        #expect(parent["arrayProperties"]?["statusSummary"]?["SUCCEEDED"]?.integer == 10_000 - failed)
        var connection = try region.connect()
        let expected = try connection.row(
            "SELECT count(*) FROM jobs WHERE parent IS NOT NULL AND chance(7, number * 16 + 1) < 0.1"
        ) { row in try row.int(0) }
        #expect(failed == expected)
    }

    @Test func aStatusLastsUntilTold() throws {
        try house.start()
        let ids = try (0..<3).map { _ in try submit("held") }
        for id in ids { _ = try house.wait(id) { $0["status"] == "RUNNING" } }
        var connection = try region.connect()
        #expect(try SimulatedJobs.move(simulation: "held", from: "RUNNING", count: 1, in: &connection) == 1)
        #expect(try house.finish(ids[0])["status"] == "SUCCEEDED")
        try region.ask("terminatejob", ["jobId": .string(ids[1]), "reason": "enough"])
        let stopped = try house.finish(ids[1])
        #expect(stopped["statusReason"] == "enough")
        #expect(stopped["container"]?["exitCode"] == 137)
        // The executor's end is not theirs.
        house.stop()
        try house.start()
        #expect(try house.finish(submit("instant"))["status"] == "SUCCEEDED")
        #expect(try region.describe(ids[2])["status"] == "RUNNING")
    }

    @Test func jobsInBulk() throws {
        var connection = try region.connect()
        try connection.execute(
            "INSERT INTO access_keys (id, secret, principal) VALUES ('AKIAFIRSTFIRSTFIRST', 's', 'first')")
        let made = try SimulatedJobs.fill(
            count: 2000, prefix: "bulk", simulation: "held", status: "RUNNING", in: &connection)
        #expect(made == 2000)
        let running = try region.ask("listjobs", ["jobQueue": "local"])?["jobSummaryList"]?.array
        #expect(running?.count == 1000)
        let job = try region.describe(running?[0]["jobId"]?.string ?? "")
        #expect(job["jobName"] == "bulk-2000")
        #expect(job["container"]?["logStreamName"]?.string?.hasPrefix("plain/default/") == true)
        let page = try #require(try Ledger.page(names: "bulk-", children: false, after: 0, in: &connection))
        #expect(page.lines.count == 1000)
        #expect(try JSONValue.parse(Array(page.lines[0].utf8))["jobName"] == "bulk-1")
        #expect(try JSONValue.parse(Array(page.lines[0].utf8))["principal"] == "first")
    }

    @Test func aFaultTakesARealJobsFirstAttempt() throws {
        try order(#"{"faults": [{"kind": "attempt", "simulation": "spotLoss", "attempts": 1, "matching": "hit"}]}"#)
        try house.start()
        let hit = try region.submit(["sh", "-c", "exit 0"], name: "hit", ["retryStrategy": ["attempts": 2]])
        let job = try house.finish(hit)
        #expect(job["status"] == "SUCCEEDED")
        #expect(job["attempts"]?.array?.map { $0["container"]?["exitCode"]?.integer } == [nil, 0])
        #expect(job["attempts"]?[0]?["statusReason"]?.string?.hasPrefix("Host EC2 (instance i-") == true)
        #expect(try house.finish(region.submit(name: "other"))["attempts"]?.array?.count == 1)
    }
}

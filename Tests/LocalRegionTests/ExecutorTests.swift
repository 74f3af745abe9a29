import FoundationEssentials
import JSON
import LocalRegion
import PostgreSQL
import Processes
import TestSupport
import Testing

struct ExecutorTests {
    private let house: ExecutorFixture

    init() throws { house = try ExecutorFixture() }

    @Test func aJobGoesItsWay() throws {
        try house.start()
        let (job, log) = try house.run(["sh", "-c", "echo out; echo; echo err >&2; printf rest"])
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(job["statusReason"]?.string == "Essential container in task exited")
        #expect(job["container"]?["exitCode"] == 0)
        #expect(job["container"]?["reason"] == nil)
        #expect(log == ["out", "err", "rest"])
        let times = ["createdAt", "startedAt", "stoppedAt"].compactMap { job[$0]?.integer }
        #expect(times.count == 3 && times == times.sorted())
        #expect(job["attempts"]?.array?.count == 1)
        #expect(job["attempts"]?[0]?["container"]?["exitCode"] == 0)
        #expect(job["attempts"]?[0]?["container"]?["logStreamName"] == job["container"]?["logStreamName"])
        #expect(job["container"]?["logStreamName"]?.string?.hasPrefix("plain/default/") == true)

        var connection = try house.region.connect()
        #expect(try connection.row("SELECT count(*) FROM access_keys") { row in try row.int(0) } == 0)
        #expect(try Folder.entries(house.configuration.state + "/jobs").isEmpty)
    }

    @Test func theCodesOwnExitCode() throws {
        try house.start()
        let (job, _) = try house.run(["sh", "-c", "exit 7"])
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Essential container in task exited")
        #expect(job["container"]?["exitCode"] == 7)
        let (killed, _) = try house.run(["sh", "-c", "kill -SEGV $$"])
        #expect(killed["container"]?["exitCode"] == 139)
        #expect(killed["container"]?["reason"] == nil)
    }

    @Test func aProgramThatIsNotThere() throws {
        try house.start()
        let (job, log) = try house.run(["no-such-program"], ["retryStrategy": ["attempts": 2]])
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Task failed to start")
        #expect(job["container"]?["reason"]?.string?.hasPrefix("CannotStartContainerError: ") == true)
        #expect(job["container"]?["reason"]?.string?.contains("No such file or directory") == true)
        #expect(job["container"]?["exitCode"] == nil)
        #expect(job["container"]?["logStreamName"] == nil)
        #expect(job["startedAt"] == nil)
        #expect(job["attempts"]?.array?.count == 2)
        #expect(log == [])
    }

    @Test func aFailedAttemptIsFollowedByAnother() throws {
        try house.start()
        let command = ["sh", "-c", "echo attempt $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 2 || exit 3"]
        let (job, log) = try house.run(command, ["retryStrategy": ["attempts": 3]])
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(log == ["attempt 2"])
        let attempts = try #require(job["attempts"]?.array)
        #expect(attempts.map { $0["container"]?["exitCode"]?.integer } == [3, 0])
        let first = try #require(attempts[0]["container"]?["logStreamName"]?.string)
        #expect(try house.region.log(first) == ["attempt 1"])

        let rules: JSONValue = [["onExitCode": "3*", "action": "exit"]]
        let (ended, _) = try house.run(command, ["retryStrategy": ["attempts": 3, "evaluateOnExit": rules]])
        #expect(ended["status"]?.string == "FAILED")
        #expect(ended["attempts"]?.array?.count == 1)
    }

    @Test func tooLongOverridesFailBeforeAnythingRuns() throws {
        try house.start()
        let (job, _) = try house.run(["echo", String(repeating: "x", count: 8192)])
        #expect(job["statusReason"]?.string == "Container Overrides length must be at most 8192")
        #expect(job["attempts"] == [])
        let (fits, _) = try house.run(["true", String(repeating: "x", count: 8000)])
        #expect(fits["status"]?.string == "SUCCEEDED")
    }

    @Test func jobsShareTheMachineInTheirOrder() throws {
        house.configuration.cores = 1
        // More of them than are looked at in one go.
        let larges = try (0..<110).map { _ in try house.region.submit(memoryMiB: 1 << 20) }
        let first = try house.region.submit(["sleep", "0.3"])
        let second = try house.region.submit()
        try house.start()
        let (one, two) = (try house.finish(first), try house.finish(second))
        #expect(try #require(two["startedAt"]?.integer) >= #require(one["stoppedAt"]?.integer))
        let waiting = try house.region.describe(larges[0])
        #expect(waiting["status"]?.string == "RUNNABLE")
        #expect(waiting["statusReason"]?.string?.hasPrefix("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - ") == true)
    }

    @Test func whatItCannotStartWith() throws {
        func refusal(_ change: (inout LocalExecutor.Configuration) -> Void) -> String? {
            var configuration = house.configuration
            change(&configuration)
            let error = #expect(throws: (any Error).self) { try LocalExecutor(configuration).run() }
            return error.map { "\($0)" }
        }
        #expect(refusal { $0.initProgram = "/etc/passwd" }?.contains("local.init") == true)
        #expect(refusal { $0.endpoint = "http://localhost:8080" }?.contains("local.endpoint") == true)
        #expect(refusal { $0.certificates = "/none" }?.contains("/none") == true)
        #expect(refusal { $0.user = 0 }?.contains("ordinary user") == true)
    }

    @Test func aLogOfAHundredThousandLines() throws {
        try house.start()
        let (job, log) = try house.python(
            """
            for n in range(50000): print("line", n)
            print("x" * 1048576)
            for n in range(50000, 100000): print("line", n)
            """)
        #expect(job["status"]?.string == "SUCCEEDED")
        let lines = (0..<100_000).map { "line \($0)" }
        let long = String(repeating: "x", count: 1_048_576)
        #expect(log == Array(lines[..<50_000]) + [long] + Array(lines[50_000...]))
    }
}

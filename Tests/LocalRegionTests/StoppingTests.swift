import FoundationEssentials
import JSON
import PostgreSQL
import Processes
import TestSupport
import Testing

@testable import LocalRegion

struct StoppingTests {
    private let house: ExecutorFixture

    init() throws { house = try ExecutorFixture() }

    private static let listens = """
        import signal, sys, time
        def end(*_):
            print("told to stop")
            sys.exit(9)
        signal.signal(signal.SIGTERM, end)
        print("ready")
        while True: time.sleep(60)
        """

    private static let isDeaf = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready")
        while True: time.sleep(60)
        """

    private func submit(_ code: String, _ more: [String: JSONValue] = [:]) throws -> String {
        try house.region.submit(["python3", "-u", "-c", code], more)
    }

    @Test func terminateReachesTheCode() throws {
        try house.start()
        let id = try submit(Self.listens, ["retryStrategy": ["attempts": 3]])
        #expect(try house.waitForLine("ready", of: id)["status"]?.string == "RUNNING")
        try house.region.ask("canceljob", ["jobId": .string(id), "reason": "no effect once it runs"])
        try house.region.ask("terminatejob", ["jobId": .string(id), "reason": "Aborted by Ann"])
        let job = try house.finish(id)
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Aborted by Ann")
        #expect(job["container"]?["exitCode"] == 9)
        #expect(job["isTerminated"] == true)
        #expect(job["isCancelled"] == false)
        #expect(job["attempts"]?.array?.count == 1)
        #expect(try house.log(job) == ["ready", "told to stop"])
    }

    @Test func codeThatDoesNotListenIsKilled() throws {
        house.configuration.graceSeconds = 1
        try house.start()
        let id = try submit(Self.isDeaf)
        _ = try house.waitForLine("ready", of: id)
        try house.region.ask("terminatejob", ["jobId": .string(id), "reason": "Aborted by Ann"])
        let job = try house.finish(id)
        #expect(job["statusReason"]?.string == "Aborted by Ann")
        #expect(job["container"]?["exitCode"] == 137)
        #expect(job["container"]?["reason"] == nil)
    }

    @Test func theTimeLimit() throws {
        // AWS's least limit is a minute; the row is shortened before the executor sees it.
        var admin = try house.region.database.connect(.migrate)
        try admin.execute("ALTER TABLE jobs DROP CONSTRAINT jobs_timeout_seconds_check")
        let id = try submit(
            Self.listens, ["timeout": ["attemptDurationSeconds": 60], "retryStrategy": ["attempts": 2]])
        try admin.execute("UPDATE jobs SET timeout_seconds = 1")
        try house.start()
        let job = try house.finish(id)
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Job attempt duration exceeded timeout")
        #expect(job["container"]?["exitCode"] == 9)
        #expect(job["attempts"]?.array?.count == 1)
        #expect(try house.log(job).last == "told to stop")
    }

    @Test func aStoppedExecutorIsALostHost() throws {
        try house.start()
        let once = try submit(Self.isDeaf)
        let twice = try submit(
            "import os, time; print('ready'); time.sleep(60 if os.environ['AWS_BATCH_JOB_ATTEMPT'] == '1' else 0)",
            ["retryStrategy": ["attempts": 2]])
        for id in [once, twice] { _ = try house.waitForLine("ready", of: id) }
        house.stop()
        let lost = try house.region.describe(once)
        #expect(lost["status"]?.string == "FAILED")
        let reason = try #require(lost["statusReason"]?.string)
        #expect(reason.hasPrefix("Host EC2 (instance i-") && reason.hasSuffix(") terminated."))
        #expect(lost["container"]?["exitCode"] == nil)
        #expect(try house.region.describe(twice)["status"]?.string == "RUNNABLE")
        #expect(try Folder.entries(house.configuration.state + "/jobs").isEmpty)

        try house.start()
        let job = try house.finish(twice)
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(job["attempts"]?.array?.map { $0["container"]?["exitCode"]?.integer } == [nil, 0])
    }

    @Test func attemptsThatNobodyRunsEndAtTheNextStart() throws {
        let ids = [
            try house.region.submit(), try house.region.submit(["true"], ["retryStrategy": ["attempts": 2]]),
        ]
        var connection = try house.region.connect()
        try connection.promoteJobs(ResourceNeeds(vcpus: 8, memoryMiB: 8192))
        for job in try connection.runnableJobs(fitting: ResourceNeeds(vcpus: 8, memoryMiB: 8192)) {
            _ = try #require(try connection.claim(job, instance: "i-0123456789abcdef0"))
        }
        try FileManager.default.createDirectory(
            atPath: house.configuration.state + "/jobs/left/work", withIntermediateDirectories: true)
        try house.start()
        let (lost, retried) = (try house.finish(ids[0]), try house.finish(ids[1]))
        #expect(lost["statusReason"]?.string == "Host EC2 (instance i-0123456789abcdef0) terminated.")
        #expect(retried["status"]?.string == "SUCCEEDED")
        #expect(retried["attempts"]?.array?.count == 2)
        #expect(try connection.row("SELECT count(*) FROM access_keys") { row in try row.int(0) } == 0)
        #expect(Folder.kind(house.configuration.state + "/jobs/left") == nil)
    }

    @Test func theDatabaseGoesAwayInMidJob() throws {
        try house.start()
        let id = try submit("import time\nprint('ready'); time.sleep(1); print('done')")
        _ = try house.waitForLine("ready", of: id)
        var admin = try house.region.database.connect(.superuser)
        try admin.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        let job = try house.finish(id)
        #expect(job["status"]?.string == "SUCCEEDED")
        #expect(try house.log(job) == ["ready", "done"])
        #expect(job["attempts"]?.array?.count == 1)
    }

    @Test func nothingOutlivesItsJob() throws {
        try house.start()
        let (job, _) = try house.run(["sh", "-c", "(setsid sleep 86413 &) ; exec >&- 2>&-; sleep 0.1; exit 4"])
        #expect(job["container"]?["exitCode"] == 4)
        let commands = try Folder.entries("/proc").filter { $0.name.allSatisfy(\.isNumber) }.compactMap {
            try? String(decoding: File.read("/proc/\($0.name)/cmdline"), as: UTF8.self)
        }
        #expect(!commands.contains { $0.contains("86413") })
    }
}

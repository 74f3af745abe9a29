import Cryptography
import FoundationEssentials
import Glibc
import JSON
import PostgreSQL
import Processes
import TestRegion
import TestSupport
import Testing

@testable import Batchport

/// Real workers, killed and stopped at any moment, against a region that answers badly: every job runs once and settles
/// (trust.md R3, R5, R6). The judge is the region's own record.
struct DeathTests {
    private let fixture: WorkerFixture
    private static let jobs = 30
    private static let leaseSeconds = 4

    init() throws { fixture = try WorkerFixture() }

    @Test func everyJobRunsOnceWhateverDies() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var chance = SeededChance(state: seed)
        let ids = try (0..<Self.jobs).map { _ in try newJob() }
        var workers = try (0..<2).map { _ in try startWorker() }
        defer { for worker in workers { end(worker) } }

        try harm(&workers, &chance, until: "phase = 'sent'", "seed \(seed)")
        for id in ids { #expect(try fixture.accepted(id) == 1, "seed \(seed)") }
        let known = try fixture.ask("SELECT array_agg(provider_job_id ORDER BY id) FROM jobs") {
            try $0.value(0, as: [String].self)
        }
        let theirs = try fixture.askRegion("SELECT array_agg(id::text ORDER BY name) FROM jobs") {
            try $0.value(0, as: [String].self)
        }
        #expect(known == theirs)

        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', started_at = now(), stopped_at = now()")
        try harm(&workers, &chance, until: "settled_at IS NOT NULL", "seed \(seed)")
        #expect(
            try fixture.count("SELECT count(*) FROM jobs WHERE status = 'Succeeded' AND capture <> 'pending'")
                == Self.jobs)
        #expect(
            try fixture.count(
                "SELECT count(*) FROM (SELECT FROM status_changes WHERE status = 'Succeeded' GROUP BY job HAVING count(*) > 1) s"
            ) == 0)
    }

    @Test func asksToStopAreFollowed() throws {
        let worker = try startWorker()
        try wait("SELECT count(*) FROM vault_tests WHERE ok")
        for _ in 0..<10 { _ = try newJob() }
        try wait("SELECT count(*) FROM jobs WHERE phase <> 'queued'")
        worker.signal(Signals.terminate)
        #expect(worker.wait() == .code(0))
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE state = 'running'") == 0)
        #expect(try fixture.count("SELECT count(*) FROM jobs WHERE phase NOT IN ('queued', 'sent')") == 0)
    }

    private func wait(_ sql: SQL) throws {
        let deadline = Clock.monotonicMilliseconds() + 60_000
        var pacing = try fixture.database.connect(.worker)
        while try fixture.count(sql) == 0 {
            try #require(Clock.monotonicMilliseconds() < deadline)
            _ = try pacing.waitForNotification(milliseconds: 20)
        }
    }

    private func newJob() throws -> UUID {
        let id = try fixture.insert()
        var connection = try fixture.database.connect(.worker)
        try connection.enqueue("submit", ["job": .string(id.lower)], for: id)
        return id
    }

    /// Kills, stops and faults, a dozen of them, then only waiting; until the condition holds for every job.
    private func harm(
        _ workers: inout [Child], _ chance: inout SeededChance, until condition: SQL, _ note: String
    ) throws {
        let deadline = Clock.monotonicMilliseconds() + 180_000
        var pacing = try fixture.database.connect(.worker)
        var blows = 12
        while try fixture.count("SELECT count(*) FROM jobs WHERE NOT coalesce(\(fragment: condition), false)") > 0 {
            guard Clock.monotonicMilliseconds() < deadline else {
                Issue.record("not all jobs came so far, \(note)")
                return
            }
            _ = try pacing.waitForNotification(milliseconds: Int.random(in: 50...600, using: &chance))
            guard blows > 0 else { continue }
            blows -= 1
            try strike(&workers, &chance)
        }
    }

    private func strike(_ workers: inout [Child], _ chance: inout SeededChance) throws {
        let index = Int.random(in: workers.indices, using: &chance)
        switch Int.random(in: 0..<6, using: &chance) {
        case 0, 1:
            end(workers[index])
            workers[index] = try startWorker()
        case 2:
            // Paused past its lease, in whatever it was doing.
            workers[index].signal(SIGSTOP)
            var pacing = try fixture.database.connect(.worker)
            _ = try pacing.waitForNotification(milliseconds: Self.leaseSeconds * 1000 + 1000)
            workers[index].signal(SIGCONT)
        case 3: try fixture.order(fault: "dropAfter", of: "SubmitJob")
        case 4: try fixture.order(fault: "dropBefore", of: "SubmitJob")
        default: try fixture.order(fault: "error", of: "*", status: 503, code: "SlowDown")
        }
    }

    private func end(_ worker: Child) {
        worker.signal(Signals.kill)
        _ = worker.wait()
    }

    /// The program beside the tests' own, with its settings in a file.
    private func startWorker() throws -> Child {
        let folder = CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        let settings = """
            worker.database = \(fixture.database.conninfo(.worker))
            worker.threads = 3
            worker.interactive_threads = 1
            worker.lease_seconds = \(Self.leaseSeconds)
            worker.bound_seconds = 1
            vault.private_key = \(hex(fixture.privateKey))
            vault.root_key = \(hex(fixture.rootKey))
            audit.key = \(hex(fixture.rootKey))
            vault.owner_keys = \(fixture.folder.path)
            aws.endpoint.\(WorkerFixture.regionName) = \(fixture.region.endpoint)
            """
        let place = fixture.region.folder.file("worker-\(fixture.person.lower).conf")
        try File.write(Array(settings.utf8), to: place)
        var spawn = Spawn("/\(folder)/batchport", ["worker", "--settings", place])
        spawn.environment = ["PATH": "/usr/bin:/bin"]
        spawn.standardError = .append(fixture.region.folder.file("worker.log"))
        return try spawn.start()
    }
}

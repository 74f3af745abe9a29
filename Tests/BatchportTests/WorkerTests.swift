import FoundationEssentials
import JSON
import PostgreSQL
import Processes
import Synchronization
import Tasks
import TestSupport
import Testing
import Vault

@testable import Batchport

struct WorkerTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// Runs the process's body until the condition holds, and answers its exit code.
    private func runWorker(_ configuration: WorkerConfiguration, until isDone: () throws -> Bool) -> Int32 {
        let deadline = Clock.monotonicMilliseconds() + 60_000
        var listener = try? fixture.database.connect(.superuser)
        return Worker.run(configuration) { milliseconds in
            _ = try? listener?.waitForNotification(milliseconds: min(milliseconds, 50))
            return (try? isDone()) == true || Clock.monotonicMilliseconds() > deadline
        }
    }

    @Test func doesWhatIsThereAndLeavesNothingHeld() throws {
        let id = try fixture.insert()
        var web = try fixture.database.connect(.worker)
        try web.enqueue("submit", ["job": .string(id.lower)], for: id)
        let code = runWorker(fixture.configuration) { try fixture.job(id).phase == "sent" }
        #expect(code == 0)
        #expect(try fixture.job(id).phase == "sent")
        #expect(try fixture.accepted(id) == 1)
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE state = 'running'") == 0)
        #expect(try fixture.count("SELECT count(*) FROM scheduler WHERE ticked_at > now() - interval '1 minute'") == 1)
        #expect(
            try fixture.count("SELECT count(*) FROM vault_tests WHERE ok AND tested_at > now() - interval '1 minute'")
                == 1)
    }

    @Test func takesOverFromADeadWorker() throws {
        let id = try fixture.insert()
        var dead = try fixture.database.connect(.worker)
        try dead.enqueue("submit", ["job": .string(id.lower)], for: id)
        _ = try dead.claimTasks(kinds: ["submit"], lane: .ordinary, leaseMilliseconds: 1)
        var configuration = fixture.configuration
        configuration.leaseMilliseconds = 3000
        #expect(runWorker(configuration) { try fixture.job(id).phase == "sent" } == 0)
        #expect(try fixture.accepted(id) == 1)
    }

    @Test func goesOnWhenItsConnectionsAreCut() throws {
        let ids = try (0..<5).map { _ in try fixture.insert() }
        var web = try fixture.database.connect(.worker)
        for id in ids { try web.enqueue("submit", ["job": .string(id.lower)], for: id) }
        var cuts = 0
        let code = runWorker(fixture.configuration) {
            if cuts < 20 {
                cuts += 1
                _ = try fixture.count(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE usename = 'batchport_worker' AND datname = current_database()
                    """)
                try fixture.change("UPDATE jobs SET intent_at = intent_at - interval '1 hour' WHERE phase = 'checking'")
            }
            return try fixture.count("SELECT count(*) FROM jobs WHERE phase <> 'sent'") == 0
        }
        #expect(code == 0)
        for id in ids { #expect(try fixture.accepted(id) == 1) }
    }

    /// However often that happens, and whoever was at it: the database's trouble is not the task's.
    @Test(arguments: [(1, nil), (9, "57P01"), (25, "57P03"), (25, "08006")])
    func aDatabaseThatWentAwayDelaysATaskByHalfAMinuteAtMost(attempt: Int, sqlState: String?) throws {
        var worker = try fixture.database.connect(.worker)
        try worker.enqueue(kind: "submit")
        try fixture.change("UPDATE tasks SET attempt = \(attempt - 1)")
        let claimed = try worker.claimTasks(kinds: ["submit"], lane: .ordinary, leaseMilliseconds: 1000)
        let task = try #require(claimed.first { $0.attempt == attempt && $0.isLastAttempt == (attempt == 25) })
        for kind in [PostgresError.Kind.connection, .unknownCommit] {
            let error = PostgresError(kind: kind, sqlState: sqlState, message: "gone")
            switch TaskFailure.outcome(error, of: task, fixture.configuration.logger) {
            case .retry(_, let wait?): #expect(attempt < 25 && (0...30_000).contains(wait))
            case .again(let wait): #expect(attempt == 25 && (0...30_000).contains(wait))
            default: Issue.record("given up")
            }
        }
        let slow = PostgresError(kind: .statement, sqlState: "57014", message: "cancelled")
        if case .retry(_, nil) = TaskFailure.outcome(slow, of: task, fixture.configuration.logger) { return }
        Issue.record("a statement that takes too long is tried for ever")
    }

    /// trust.md S28.
    @Test func withoutItsRootKeyItStartsSealed() throws {
        let id = try fixture.insert()
        var web = try fixture.database.connect(.worker)
        try web.enqueue("submit", ["job": .string(id.lower)], for: id)
        var sealed = fixture.configuration
        sealed.vault = .failure(.wrongRootKey)
        #expect(runWorker(sealed) { try fixture.job(id).phase == "held" } == 0)
        #expect(try fixture.count("SELECT count(*) FROM vault_tests WHERE NOT ok AND detail <> ''") == 1)
        #expect(
            try fixture.count("SELECT count(*) FROM jobs WHERE held_cause = 'vaultSealed' AND held_who <> ''") == 1)
        // Not even the trail says that a secret was used, and what the web sealed is as it was.
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'credential.used'") == 0)
        #expect(try fixture.count("SELECT count(*) FROM credentials WHERE ingress IS NOT NULL AND sealed IS NULL") == 1)
        #expect(runWorker(fixture.configuration) { try fixture.job(id).phase == "sent" } == 0)
    }

    @Test func aVaultThatDoesNotOpenIsSaid() throws {
        // Another root key than the folder's: no owner's key can be made.
        try fixture.folder.write([0], to: "root")
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
        for name in names { try FileManager.default.removeItem(atPath: fixture.folder.file(name)) }
        try FileManager.default.removeItem(atPath: fixture.folder.path)
        #expect(runWorker(fixture.configuration) { try fixture.count("SELECT count(*) FROM vault_tests") == 1 } == 0)
        #expect(try fixture.count("SELECT count(*) FROM vault_tests WHERE NOT ok AND detail <> ''") == 1)
    }

    @Test func doesNotStartOnAnotherSchema() throws {
        try fixture.change("DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version)")
        #expect(runWorker(fixture.configuration) { true } == 1)
    }
}

import FoundationEssentials
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// A restored database sends nothing before AWS was asked whether it has it (trust.md R25).
struct RestorationTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// Sent, and then the database as it was before.
    private func sentBeforeTheRestore() throws -> UUID {
        let id = try fixture.sent()
        try fixture.change(
            """
            UPDATE jobs SET phase = 'queued', intent_at = NULL, intents = 0, provider_job_id = NULL, status = NULL,
                status_since = NULL WHERE id = \(id)
            """)
        return id
    }

    private func restore() throws {
        try fixture.change("DELETE FROM tasks")
        try fixture.change("UPDATE origin SET mark = 'another server/00000001/1/1'")
    }

    @Test func whatAWSHasIsAdoptedAndWhatItHasNotIsSent() throws {
        let sent = try sentBeforeTheRestore()
        let unsent = try fixture.insert()
        try restore()
        var bench = try fixture.bench()
        #expect(try fixture.job(sent).phase == "checking")
        #expect(try fixture.job(unsent).phase == "checking")
        try fixture.change("UPDATE jobs SET intent_at = intent_at - interval '1 hour'")
        for _ in 0..<2 { #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done") }
        for id in [sent, unsent] {
            #expect(try fixture.job(id).phase == "sent")
            #expect(try fixture.accepted(id) == 1)
        }
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'database.restored'") == 1)
        #expect(try fixture.count("SELECT count(*) FROM doubts") == 2)
    }

    @Test func itIsNoticedOnce() throws {
        _ = try sentBeforeTheRestore()
        try restore()
        _ = try fixture.bench()
        let other = try fixture.insert()
        _ = try fixture.bench()
        #expect(try fixture.job(other).phase == "queued")
        #expect(try fixture.count("SELECT count(*) FROM job_notes WHERE kind = 'restored'") == 1)
    }

    @Test func anotherDatabaseHasAnotherMark() throws {
        let other = try TestDatabase.create(series: .portal)
        var (here, there) = ("", "")
        var one = try fixture.database.connect(.worker)
        here = try one.row("SELECT origin_mark()") { try $0.text(0) } ?? ""
        var two = try other.connect(.worker)
        there = try two.row("SELECT origin_mark()") { try $0.text(0) } ?? ""
        #expect(here != there && here.split(separator: "/").count == 4)
        // A new connection to the same one changes nothing.
        var three = try fixture.database.connect(.worker)
        #expect(try three.noticeRestore() == 0)
        let id = try fixture.insert()
        #expect(try three.noticeRestore() == 0)
        #expect(try fixture.job(id).phase == "queued")
    }
}

import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// A child's log is there while its array runs, for whoever looks at it.
struct ChildLogTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func stream(_ child: Int) -> String { "batchport-runner/default/\(child)" }

    /// At the region, as its executor would.
    private func run(_ array: UUID, _ child: Int) throws {
        try fixture.changeRegion(
            """
            INSERT INTO job_attempts (job, number, task, instance, access_key_id, log_stream, started_at)
            SELECT id, 1, md5(id::text), 'i', 'k', \(stream(child)), now() FROM jobs
            WHERE parent = \(array) AND array_index = \(child)
            """)
    }

    private func write(_ child: Int, lines: ClosedRange<Int>) throws {
        try fixture.changeRegion(
            """
            INSERT INTO log_streams (log_group, name) SELECT '/aws/batch/job', \(stream(child))
            WHERE NOT EXISTS (SELECT FROM log_streams WHERE name = \(stream(child)))
            """)
        try fixture.changeRegion(
            """
            INSERT INTO log_events (stream, number, at, message)
            SELECT s.id, n, 1790000000000 + n, 'line ' || n FROM log_streams s,
                generate_series(\(lines.lowerBound), \(lines.upperBound)) AS n WHERE s.name = \(stream(child))
            """)
    }

    private func look(at array: UUID, _ children: [Int]) throws {
        for child in children {
            try fixture.change("INSERT INTO child_looks (job, child) VALUES (\(array), \(child))")
        }
    }

    private func log(_ array: UUID, _ child: Int) throws -> (lines: Int, isComplete: Bool)? {
        var connection = try fixture.database.connect(.worker)
        return try connection.logs(of: array, child: child).last.map { ($0.lines, $0.isComplete) }
    }

    @Test func whatIsLookedAtIsFetchedWhileItRuns() throws {
        let array = try fixture.array([("SUCCEEDED", 2), ("RUNNING", 200)])
        // Listed, not described: its stream is not known.
        try run(array, 7)
        try fixture.track()
        for child in [0, 1, 7] { try write(child, lines: 1...3) }
        #expect(try fixture.count("SELECT count(*) FROM attempts WHERE child = 7") == 0)
        try look(at: array, [0, 7])
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'fetchChildLogs'") == 1)
        try fixture.change("DELETE FROM tasks WHERE kind = 'fetchChildLogs'")
        #expect(try fixture.run(ChildLogTask.kind, job: array) == "available")
        #expect(try log(array, 7)?.lines == 3 && log(array, 7)?.isComplete == false)
        // One that has ended is taken whole; nobody looks at the other.
        #expect(try log(array, 0)?.lines == 3 && log(array, 0)?.isComplete == true)
        #expect(try log(array, 1) == nil)

        try write(7, lines: 4...5)
        try fixture.change("DELETE FROM tasks WHERE kind = 'fetchChildLogs'")
        #expect(try fixture.run(ChildLogTask.kind, job: array) == "available")
        #expect(try log(array, 7)?.lines == 5)
    }

    @Test func itEndsWhenNobodyLooks() throws {
        let array = try fixture.array([("RUNNING", 2)])
        try run(array, 0)
        try fixture.track()
        try write(0, lines: 1...3)
        try look(at: array, [0])
        try fixture.change("UPDATE child_looks SET at = now() - interval '1 hour'")
        try fixture.change("DELETE FROM tasks WHERE kind = 'fetchChildLogs'")
        #expect(try fixture.run(ChildLogTask.kind, job: array) == "done")
        #expect(try log(array, 0) == nil)
    }

    @Test func capturingTakesWhatIsLeft() throws {
        let array = try fixture.array([("RUNNING", 2)])
        for child in 0...1 { try run(array, child) }
        try fixture.track()
        for child in 0...1 { try write(child, lines: 1...3) }
        try look(at: array, [0])
        try fixture.change("DELETE FROM tasks WHERE kind = 'fetchChildLogs'")
        #expect(try fixture.run(ChildLogTask.kind, job: array) == "available")
        for child in 0...1 { try write(child, lines: 4...6) }
        try fixture.set("SUCCEEDED", of: array, 0..<2)
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now() WHERE id = \(array)")
        try fixture.track()
        var bench = try fixture.bench()
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        for child in 0...1 { #expect(try log(array, child)?.lines == 6 && log(array, child)?.isComplete == true) }
        // Its first child began it.
        #expect(
            try fixture.count("SELECT count(*) FROM jobs WHERE started_at IS NOT NULL AND stopped_at >= started_at")
                == 1)
    }
}

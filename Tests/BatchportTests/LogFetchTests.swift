import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

struct LogFetchTests {
    private let fixture: WorkerFixture
    private let stream = "batchport-runner/default/0123"

    init() throws { fixture = try WorkerFixture() }

    /// A job that ended with this stream.
    private func ended() throws -> UUID {
        let id = try fixture.insert(.init(language: "command", code: nil, argv: ["true"], definition: "plain:1"))
        try fixture.change(
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'x', intent_at = now(), status = 'Succeeded',
                status_source = 'poll', status_since = now(), stopped_at = now() WHERE id = \(id)
            """)
        try fixture.change("INSERT INTO attempts (job, n, log_stream) VALUES (\(id), 1, \(stream))")
        return id
    }

    private func makeStream() throws {
        try fixture.changeRegion("INSERT INTO log_streams (log_group, name) VALUES ('/aws/batch/job', \(stream))")
    }

    private func addLines(_ count: Int, from first: Int = 1) throws {
        try fixture.changeRegion(
            """
            INSERT INTO log_events (stream, number, at, message)
            SELECT s.id, n, 1790000000000 + n, CASE WHEN n = 777 THEN repeat('x', 1000000) ELSE 'line ' || n END
            FROM log_streams s, generate_series(\(first), \(first + count - 1)) n WHERE s.name = \(stream)
            """)
    }

    @Test func aHundredThousandLinesWithOneOfAMegabyteAreWhole() throws {
        try makeStream()
        try addLines(100_000)
        let id = try ended()
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        var connection = try fixture.database.connect(.worker)
        let log = try #require(try connection.logs(of: id).first)
        #expect(log.lines == 100_000)
        #expect(log.isComplete)
        #expect(try fixture.count("SELECT count(*) FROM log_chunks") == 100)
        #expect(
            try fixture.count(
                "SELECT sum(lines)::bigint FROM log_chunks WHERE cardinality(times) = lines AND cardinality(string_to_array(text, E'\\n')) = lines"
            ) == 100_000)
        #expect(
            try connection.logLines(of: id, attempt: 1, LogSpan(first: 777, count: 1)).first?.text.utf8.count
                == 1_000_000)
        let last = try #require(try connection.logLines(of: id, attempt: 1, LogSpan(first: 100_000, count: 1)).first)
        #expect(last.text == "line 100000")
        #expect(last.at == 1_790_000_100_000)
    }

    @Test func followsARunningJob() throws {
        let id = try ended()
        try fixture.change("UPDATE jobs SET status = 'Running', stopped_at = NULL")
        #expect(try fixture.run(LogTask.kind, job: id) == "available")
        #expect(try fixture.count("SELECT lines FROM logs") == 0)
        try makeStream()
        try addLines(1500)
        try fixture.run(LogTask.kind, job: id)
        try addLines(700, from: 1501)
        try fixture.run(LogTask.kind, job: id)
        #expect(try fixture.count("SELECT lines FROM logs") == 2200)
        #expect(try fixture.count("SELECT count(*) FROM log_chunks") == 3)
        var connection = try fixture.database.connect(.worker)
        #expect(
            try connection.logLines(of: id, attempt: 1, LogSpan(first: 1499, count: 3)).map(\.text) == [
                "line 1499", "line 1500", "line 1501",
            ])
        try fixture.change("UPDATE jobs SET status = 'Succeeded', stopped_at = now()")
        #expect(try fixture.run(LogTask.kind, job: id) == "done")
    }

    @Test func aStreamThatNeverWasIsNoError() throws {
        let id = try ended()
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        #expect(try fixture.ask("SELECT capture FROM jobs") { try $0.text(0) } == "complete")
    }

    @Test func whoHasLostTheLeaseAddsNothing() throws {
        try makeStream()
        try addLines(10)
        let id = try ended()
        var slow = try fixture.bench()
        try slow.database.enqueue("capture", ["job": .string(id.lower)], for: id)
        let task = try #require(
            try slow.database.claimTasks(kinds: ["capture"], lane: .ordinary, leaseMilliseconds: 60_000).first)
        try fixture.change("UPDATE tasks SET lease_token = gen_random_uuid()")
        let thread = WorkerThread(
            lane: .ordinary, configuration: fixture.configuration, board: LeaseBoard(), stop: StopFlag())
        try thread.perform(task, &slow)
        #expect(try fixture.count("SELECT count(*) FROM logs") == 0)
    }

    @Test func theLimitIsSaid() throws {
        try makeStream()
        try addLines(30)
        try fixture.change("UPDATE limits SET value = 30 WHERE name = 'log.lines'")
        let id = try ended()
        try fixture.run(CaptureTask.kind, job: id)
        #expect(
            try fixture.ask("SELECT capture_detail FROM jobs") { try $0.text(0) }
                == "The log is longer than what is kept: 30 lines or 64.0 MiB.")
    }
}

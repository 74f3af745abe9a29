import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// Everything that an array's children left is taken before it is settled, once, whatever dies meanwhile.
struct ArrayCaptureTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// An array whose children have all succeeded, as far as tracking goes.
    private func ended(_ children: Int) throws -> (id: UUID, keys: JobKeys) {
        let id = try fixture.array([("SUCCEEDED", children)])
        try fixture.changeRegion("UPDATE jobs SET status = 'SUCCEEDED', stopped_at = now() WHERE id = \(id)")
        #expect(try fixture.track() == "done")
        try fixture.change("DELETE FROM tasks WHERE kind = 'capture'")
        return (id, try #require(JobKeys(prefix: "p/", job: id.lower)))
    }

    /// Streams of these children, each with so many lines.
    private func log(_ children: Range<Int>, lines: Int) throws {
        try fixture.changeRegion(
            """
            INSERT INTO log_streams (log_group, name)
            SELECT '/aws/batch/job', 'batchport-runner/default/' || k
            FROM generate_series(\(children.lowerBound), \(children.upperBound - 1)) AS k
            """)
        try fixture.changeRegion(
            """
            INSERT INTO log_events (stream, number, at, message)
            SELECT s.id, n, 1790000000000 + n, 'line ' || n || ' of ' || split_part(s.name, '/', 3)
            FROM log_streams s, generate_series(1, \(lines)) AS n
            WHERE split_part(s.name, '/', 3)::int >= \(children.lowerBound)
                AND split_part(s.name, '/', 3)::int < \(children.upperBound)
            """)
    }

    private func put(_ child: Int, _ keys: JobKeys, output: String?, _ bench: inout Workbench) throws {
        let keys = keys.ofChild(child)
        var outcome = Outcome(
            job: keys.job, child: child, attempt: 1, phase: .complete, result: .missing(.notWritten, detail: ""))
        outcome.exit = .code(0)
        if let output {
            let bytes = Array(output.utf8)
            let place = keys.output("o.txt", attempt: 1)
            try bench.aws.put(
                bytes, bucket: WorkerFixture.bucket, key: place, by: fixture.key, in: WorkerFixture.regionName)
            let object = StoredObject(key: place, size: bytes.count, sha256: hex(sha256(bytes)))
            outcome.outputs = [.init(path: "o.txt", object: object, contentType: "text/plain")]
        }
        try bench.aws.put(
            outcome.bytes, bucket: WorkerFixture.bucket, key: keys.outcome(attempt: 1), by: fixture.key,
            in: WorkerFixture.regionName)
    }

    private func settled(_ id: UUID) throws -> (state: String, detail: String?)? {
        try fixture.ask(
            "SELECT capture, capture_detail FROM jobs WHERE id = \(id) AND settled_at IS NOT NULL"
        ) { (try $0.text(0), try $0.textOptional(1)) }
    }

    /// Nobody is told that AWS is away because the results of a running array are not put together yet.
    @Test func resultsThatAreNotTogetherYetAreNotReady() throws {
        let id = try fixture.array([("RUNNING", 3)])
        let link = UUID()
        try fixture.change(
            "INSERT INTO links (id, person, kind, job) VALUES (\(link), \(fixture.person), 'results', \(id))")
        var bench = try fixture.bench()
        #expect(try fixture.run(PresignTask.kind, ["link": .string(link.lower)], at: &bench) == "done")
        #expect(try fixture.count("SELECT count(*) FROM links WHERE failure = 'notReady'") == 1)
    }

    @Test func logsOfHundredsOfChildrenInFewCalls() throws {
        let (id, _) = try ended(250)
        try log(0..<250, lines: 3)
        var state = ""
        let calls = try fixture.calls(of: "FilterLogEvents") { state = try fixture.run(CaptureTask.kind, job: id) }
        #expect(state == "done")
        // A page and an empty last one for each hundred.
        #expect(calls == 6)
        #expect(try fixture.count("SELECT count(*) FROM logs WHERE child >= 0 AND lines = 3 AND complete") == 250)
        var connection = try fixture.database.connect(.worker)
        let lines = try connection.logLines(of: id, child: 117, attempt: 1, LogSpan(first: 1, count: 10))
        #expect(lines.map(\.text) == ["line 1 of 117", "line 2 of 117", "line 3 of 117"])
        #expect(lines.map(\.at) == [1_790_000_000_001, 1_790_000_000_002, 1_790_000_000_003])
    }

    @Test func aStreamThatNeverWasKeepsNothingFromTheOthers() throws {
        let (id, _) = try ended(8)
        try log(0..<5, lines: 2)
        try log(6..<8, lines: 2)
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        #expect(try fixture.count("SELECT count(*) FROM logs WHERE child >= 0 AND lines = 2 AND complete") == 7)
        #expect(try fixture.count("SELECT count(*) FROM logs WHERE child = 5 AND lines = 0 AND complete") == 1)
    }

    @Test func takesEachChildsFiles() throws {
        let (id, keys) = try ended(12)
        var bench = try fixture.bench()
        for k in 0..<11 { try put(k, keys, output: k == 3 ? nil : "of \(k)", &bench) }
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        let found = try #require(try settled(id))
        #expect(found.state == "partial")
        #expect(found.detail == "1 of 12 children were captured in part.")
        #expect(
            try fixture.count("SELECT count(*) FROM children WHERE capture = 'complete' AND outcome IS NOT NULL") == 11)
        #expect(
            try fixture.ask("SELECT capture_detail FROM children WHERE k = 11") { try $0.text(0) }
                == "The runner's record of the outcome is not in the bucket.")
        var connection = try fixture.database.connect(.worker)
        #expect(try connection.outputs(of: id, child: 10, limit: 10).map(\.preview) == ["of 10"])
        #expect(try connection.outputs(of: id, child: 3, limit: 10).isEmpty)
        #expect(try connection.outputs(of: id, limit: 10).isEmpty)
    }

    /// What is done is not done again, and nothing is settled before all is there.
    @Test func goesOnWhereItDied() throws {
        let (id, keys) = try ended(205)
        try log(0..<205, lines: 1)
        var bench = try fixture.bench()
        for k in 0..<205 { try put(k, keys, output: nil, &bench) }
        // The second batch of logs is refused to the last attempt, then outcomes from about the 150th on.
        try fixture.changeRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, status, code, remaining) VALUES
                ('FilterLogEvents', 'delay', 0, 500, '', 2), ('FilterLogEvents', 'error', 0, 500, 'InternalError', 3),
                ('GetObject', 'delay', 0, 500, '', 150), ('GetObject', 'error', 0, 500, 'InternalError', 1000)
            """)
        #expect(try fixture.run(CaptureTask.kind, job: id) == "retryable")
        #expect(try fixture.count("SELECT count(*) FROM logs WHERE complete") == 100)
        #expect(try fixture.count("SELECT count(*) FROM children WHERE capture <> 'pending'") == 0)
        var state = ""
        let logCalls = try fixture.calls(of: "FilterLogEvents") { state = try fixture.run(CaptureTask.kind, job: id) }
        #expect(state == "retryable")
        #expect(logCalls == 4)
        #expect(try fixture.count("SELECT count(*) FROM children WHERE capture = 'complete'") == 100)
        #expect(try settled(id) == nil)
        try fixture.changeRegion("DELETE FROM faults WHERE operation = 'GetObject'")
        var again = 0
        let reads = try fixture.calls(of: "GetObject") {
            again = try fixture.calls(of: "FilterLogEvents") { state = try fixture.run(CaptureTask.kind, job: id) }
        }
        #expect(state == "done")
        #expect(again == 0)
        #expect(reads == 105)
        #expect(try settled(id)?.state == "complete")
        #expect(try fixture.count("SELECT count(*) FROM log_chunks") == 205)
    }

    /// R14: of an array that AWS forgot, all that is known is kept, and the bucket says how far it came.
    @Test func aLostArrayKeepsWhatItsChildrenLeft() throws {
        let id = try fixture.array([("RUNNING", 3)])
        try fixture.track()
        let keys = try #require(JobKeys(prefix: "p/", job: id.lower))
        var bench = try fixture.bench()
        try put(1, keys, output: "half way", &bench)
        try fixture.changeRegion("DELETE FROM jobs")
        try fixture.change("UPDATE jobs SET phase_since = now() - interval '2 minutes'")
        try fixture.track()
        try fixture.change("UPDATE jobs SET unseen_since = now() - interval '11 minutes'")
        try fixture.track()
        #expect(try fixture.runDue(CaptureTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "lost")
        var connection = try fixture.database.connect(.worker)
        #expect(try connection.outputs(of: id, child: 1, limit: 10).map(\.preview) == ["half way"])
        #expect(try connection.childCounts(of: id).counts == ["Running": 3])
    }
}

import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

struct CaptureTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// A job that has ended at the region; nothing in the bucket yet.
    private func ended(
        _ status: String = "Succeeded", reason: String? = nil, _ new: WorkerFixture.NewJob = .init()
    ) throws -> (id: UUID, keys: JobKeys) {
        let id = try fixture.insert(new)
        try fixture.change(
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'x', intent_at = now(), status = \(status),
                status_source = 'poll', status_since = now(), stopped_at = now(), status_reason = \(reason)
            WHERE id = \(id)
            """)
        try fixture.change("INSERT INTO attempts (job, n, log_stream) VALUES (\(id), 1, 'none')")
        return (id, try #require(JobKeys(prefix: "p/", job: id.lower)))
    }

    private func put(_ text: String, _ key: String) throws -> StoredObject {
        var bench = try fixture.bench()
        let bytes = Array(text.utf8)
        try bench.aws.put(
            bytes, bucket: WorkerFixture.bucket, key: key, by: fixture.key, in: WorkerFixture.regionName)
        return StoredObject(key: key, size: bytes.count, sha256: hex(sha256(bytes)))
    }

    private func put(_ outcome: Outcome, _ keys: JobKeys) throws {
        _ = try put(String(decoding: outcome.bytes, as: UTF8.self), keys.outcome(attempt: 1))
    }

    private func outcome(_ keys: JobKeys, _ result: Outcome.Result) -> Outcome {
        var outcome = Outcome(job: keys.job, attempt: 1, phase: .complete, result: result)
        outcome.exit = .code(0)
        return outcome
    }

    private struct Found: Equatable {
        var state: String
        var detail: String?
        var value: String?
        var cause: String?
    }

    private func found(_ id: UUID) throws -> Found? {
        try fixture.ask(
            """
            SELECT capture, capture_detail, convert_from(value, 'UTF8'), missing_cause
            FROM jobs LEFT JOIN results ON job = id WHERE id = \(id) AND settled_at IS NOT NULL
            """
        ) {
            Found(
                state: try $0.text(0), detail: try $0.textOptional(1), value: try $0.textOptional(2),
                cause: try $0.textOptional(3))
        }
    }

    @Test func takesAllThatTheRunnerLeft() throws {
        let (id, keys) = try ended()
        let result = try put("{\"a\": 1e400}", keys.result(attempt: 1))
        let table = try put("x,y\n1,größe\n", keys.output("sub/t.csv", attempt: 1))
        let image = try put("\u{1}", keys.output("p.png", attempt: 1))
        var outcome = outcome(keys, .stored(result))
        outcome.outputs = [
            .init(path: "p.png", object: image, contentType: "image/png"),
            .init(path: "sub/t.csv", object: table, contentType: "text/csv"),
        ]
        try put(outcome, keys)
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        #expect(try found(id) == .init(state: "complete", value: "{\"a\": 1e400}"))
        var connection = try fixture.database.connect(.worker)
        let outputs = try connection.outputs(of: id, limit: 10)
        #expect(outputs.map(\.path) == ["p.png", "sub/t.csv"])
        #expect(outputs.map(\.contentType) == ["image/png", "text/csv"])
        #expect(outputs.map(\.preview) == [nil, "x,y\n1,größe\n"])
        #expect(outputs.allSatisfy { $0.goneAt == nil && $0.sha256 != nil })
        // Again is no error and changes nothing.
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
    }

    @Test func whatIsGoneIsSaid() throws {
        let (id, keys) = try ended()
        let there = try put("here", keys.output("a.txt", attempt: 1))
        var outcome = outcome(keys, .stored(.init(key: keys.result(attempt: 1), size: 2, sha256: hex(sha256([])))))
        outcome.outputs = [
            .init(path: "a.txt", object: there, contentType: "text/plain"),
            .init(
                path: "b.txt", object: .init(key: keys.output("b.txt", attempt: 1), size: 9, sha256: there.sha256),
                contentType: "text/plain"),
        ]
        try put(outcome, keys)
        try fixture.run(CaptureTask.kind, job: id)
        let found = try #require(try found(id))
        #expect(found.state == "partial")
        #expect(found.cause == "outputExpired")
        #expect(found.detail?.contains("1 of 2 outputs") == true)
        var connection = try fixture.database.connect(.worker)
        #expect(try connection.outputs(of: id, limit: 10).map { $0.goneAt == nil } == [true, false])
    }

    /// What the runner left out is told beside the outputs, not only in the log.
    @Test func whatWasLeftOutIsSaid() throws {
        let (id, keys) = try ended()
        var outcome = outcome(keys, .missing(.notWritten, detail: ""))
        let sentence = "There are 30000 output files; 10000 may be: the last were left out."
        outcome.messages =
            [sentence, "A note of another kind."] + (0..<12).map { "link \($0) is a symbolic link: left out." }
        try put(outcome, keys)
        try fixture.run(CaptureTask.kind, job: id)
        let found = try #require(try found(id))
        #expect(found.state == "partial" && found.detail?.hasPrefix(sentence) == true)
        #expect(found.detail?.contains("another kind") == false)
        #expect(found.detail?.hasSuffix("And 3 more left out, as the log says.") == true)
    }

    @Test func withoutARecordTheFolderSays() throws {
        let (id, keys) = try ended("Failed", reason: "Host EC2 (instance i-1) terminated.")
        _ = try put("left\n", keys.output("a.txt", attempt: 1))
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id) == .init(state: "complete", cause: "failed"))
        var connection = try fixture.database.connect(.worker)
        #expect(try connection.outputs(of: id, limit: 10).map(\.preview) == ["left\n"])
    }

    @Test func aRecordOfAnotherJobIsNotBelieved() throws {
        let (id, keys) = try ended()
        let (_, other) = try ended()
        try put(outcome(other, .missing(.notWritten, detail: "")), keys)
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id)?.detail == "The record of the outcome is not this job's.")
        var foreign = outcome(keys, .missing(.notWritten, detail: ""))
        let secret = try put("secret", other.output("s.txt", attempt: 1))
        foreign.outputs = [.init(path: "s.txt", object: secret, contentType: "text/plain")]
        let (third, thirdKeys) = try ended()
        foreign.job = thirdKeys.job
        try put(foreign, thirdKeys)
        try fixture.run(CaptureTask.kind, job: third)
        #expect(try found(third)?.state == "partial")
        #expect(try fixture.count("SELECT count(*) FROM outputs WHERE job = \(third)") == 0)
    }

    @Test(arguments: [("Failed", "aborted"), ("Succeeded", "failed")])
    func aFailedResultSaysWhy(status: String, cause: String) throws {
        let (id, keys) = try ended(status)
        try fixture.change("UPDATE jobs SET stop_requested_at = now() WHERE id = \(id)")
        try put(outcome(keys, .missing(.failed, detail: "exit 143")), keys)
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id)?.cause == cause)
    }

    @Test(arguments: [("[1, 2", "invalid"), (String(repeating: " ", count: 1 << 20) + "1", "tooLarge")])
    func aResultThatCannotBeKeptIsMissing(text: String, cause: String) throws {
        let (id, keys) = try ended()
        try put(outcome(keys, .stored(try put(text, keys.result(attempt: 1)))), keys)
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id) == .init(state: "complete", cause: cause))
    }

    @Test func plainCommandsHaveNoResult() throws {
        let (id, _) = try ended(
            "Succeeded", .init(language: "command", code: nil, argv: ["true"], definition: "plain:1"))
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id) == .init(state: "complete", cause: "notApplicable"))
    }

    /// What was read before a death is not read again.
    @Test func previewsAreTakenOnce() throws {
        let (id, keys) = try ended()
        var outcome = outcome(keys, .missing(.notWritten, detail: ""))
        for name in ["a.txt", "b.txt", "c.txt"] {
            let object = try put(name, keys.output(name, attempt: 1))
            outcome.outputs.append(.init(path: name, object: object, contentType: "text/plain"))
        }
        try put(outcome, keys)
        // The record and one preview are read; then nothing for three times.
        try fixture.changeRegion(
            """
            INSERT INTO faults (operation, kind, milliseconds, status, code, remaining) VALUES
                ('GetObject', 'delay', 0, 500, '', 2), ('GetObject', 'error', 0, 503, 'SlowDown', 3)
            """)
        #expect(try fixture.run(CaptureTask.kind, job: id) == "retryable")
        #expect(try fixture.count("SELECT count(*) FROM outputs WHERE preview IS NOT NULL") == 1)
        var state = ""
        let reads = try fixture.calls(of: "GetObject") { state = try fixture.run(CaptureTask.kind, job: id) }
        #expect(state == "done")
        #expect(reads == 3)
        #expect(try found(id)?.state == "complete")
        #expect(try fixture.count("SELECT count(*) FROM outputs WHERE preview = path") == 3)
    }

    /// OpenNeuro #145: AWS forgets a job before its running was ever seen; the bucket says how far it came.
    @Test func aLostJobKeepsWhatItLeft() throws {
        let (id, keys) = try ended()
        try fixture.change("DELETE FROM attempts")
        try fixture.change("UPDATE jobs SET phase = 'lost', status = 'Submitted', stopped_at = NULL WHERE id = \(id)")
        _ = try put("left", keys.output("a.txt", attempt: 2))
        try fixture.run(CaptureTask.kind, job: id)
        #expect(try found(id) == .init(state: "complete", cause: "lost"))
        var connection = try fixture.database.connect(.worker)
        #expect(try connection.outputs(of: id, limit: 10).map(\.attempt) == [2])
    }

    @Test func anOutageIsWaitedFor() throws {
        let (id, keys) = try ended()
        try put(outcome(keys, .missing(.notWritten, detail: "")), keys)
        for _ in 0..<3 { try fixture.order(fault: "error", of: "ListObjectsV2", status: 503, code: "SlowDown") }
        #expect(try fixture.run(CaptureTask.kind, job: id) == "retryable")
        #expect(try fixture.job(id).reason?.hasPrefix("It could not be captured yet.") == true)
        #expect(try fixture.run(CaptureTask.kind, job: id) == "done")
        #expect(try found(id) == .init(state: "complete", cause: "notWritten"))
        #expect(try fixture.job(id).reason == nil)
    }
}

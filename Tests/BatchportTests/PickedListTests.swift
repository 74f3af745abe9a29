import AWS
import Cryptography
import FoundationEssentials
import JSON
import JobManifest
import PostgreSQL
import TestSupport
import Testing

@testable import Batchport

/// Lists of elements in the bucket: made by the worker, shared by jobs, picked from, and gone with the last who needs them.
struct PickedListTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    /// A map that waits to be sent, of a list in our rows or of another's.
    private func map(of upload: UUID, elements: Int) throws -> UUID {
        let id = try fixture.insert(.init(code: "def f(x): return x"))
        var owner = try fixture.database.connect(.migrate)
        _ = try owner.pipeline([
            """
            UPDATE jobs SET job_type = 'Array', method = '{"childJobs": 2}', elements = \(elements)::int, child_count = 2,
                elements_upload = \(upload), function = 'f' WHERE id = \(id)
            """,
            """
            INSERT INTO children (job, k, first_element, elements) SELECT \(id), k, k, 1 FROM generate_series(0, 1) AS k
            """,
        ])
        return id
    }

    private func list(_ text: String, form: String, count: Int) throws -> UUID {
        let id = UUID()
        let bytes = Array(text.utf8)
        try fixture.change(
            """
            INSERT INTO uploads (id, owner, environment, name, size, sha256, state, elements)
            VALUES (\(id), \(fixture.person), \(fixture.environment), 'list', \(bytes.count), \(sha256(bytes)), 'used',
                jsonb_build_object('form', \(form)::text, 'count', \(count)::int))
            """)
        try fixture.change("INSERT INTO upload_chunks (upload, n, bytes) VALUES (\(id), 0, \(bytes))")
        return id
    }

    private func rest(of source: UUID, _ elements: [Int], among count: Int) throws -> UUID {
        let id = UUID()
        var chosen = ElementChoice(of: count)
        for element in elements { chosen[element] = true }
        try fixture.change(
            """
            INSERT INTO uploads (id, owner, environment, name, size, state, elements, source, chosen)
            VALUES (\(id), \(fixture.person), \(fixture.environment), 'rest', 1, 'used',
                '{"form": "lines", "count": 1}', \(source), \(chosen.bytes))
            """)
        return id
    }

    private func object(_ key: String) throws -> String? {
        var bench = try fixture.bench()
        do {
            let bytes = try bench.aws.get(
                bucket: WorkerFixture.bucket, key: key, maxBytes: 10_000, by: fixture.key, in: WorkerFixture.regionName)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func delete(_ job: UUID) throws {
        try fixture.change(
            """
            UPDATE jobs SET phase = CASE phase WHEN 'queued' THEN 'neverSent' ELSE phase END,
                status = CASE phase WHEN 'queued' THEN NULL ELSE 'Succeeded' END, settled_at = now(),
                delete_requested_at = now() WHERE id = \(job)
            """)
        #expect(try fixture.run(DeletionTask.kind, job: job) == "done")
        #expect(try fixture.job(job).phase == "none")
    }

    private func keys(_ job: UUID) throws -> JobKeys { try #require(JobKeys(prefix: "p/", job: job.lower)) }

    @Test func aRestIsPickedWhileItsMapIsBeingDeleted() throws {
        let whole = try list("[10, {\"a\":\n 11},\n12, \"13\"]", form: "array", count: 4)
        let first = try map(of: whole, elements: 4)
        try fixture.run(SubmitTask.kind, job: first)
        let key = try keys(first).elements
        #expect(try object(key) == "10\n{\"a\":11}\n12\n\"13\"\n")
        let second = try map(of: rest(of: whole, [1, 3], among: 4), elements: 2)
        try delete(first)
        #expect(try object(key) != nil)
        try fixture.run(SubmitTask.kind, job: second)
        #expect(try fixture.job(second).phase == "sent")
        #expect(try object(keys(second).elements) == "{\"a\":11}\n\"13\"\n")
        let index = try #require(try object(keys(second).elementIndex))
        #expect(index.utf8.count == ArrayWork.indexSize(2))
        // Nobody needs the first list any more.
        var bench = try fixture.bench()
        try bench.database.removeExpiredUploads()
        #expect(try fixture.runDue(UploadRemoval.kind, at: &bench) == "done")
        #expect(try object(key) == nil)
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 1)
        try delete(second)
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 0)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    /// The rest was never sent: it goes with what it was to be picked from, but not before another map that shares it.
    @Test func whatWasNeverPickedGoesWithItsSource() throws {
        let whole = try list("1\n2\n3\n", form: "lines", count: 3)
        let first = try map(of: whole, elements: 3)
        try fixture.run(SubmitTask.kind, job: first)
        let picked = try rest(of: whole, [0, 2], among: 3)
        let second = try map(of: picked, elements: 2)
        let third = try map(of: picked, elements: 2)
        try delete(first)
        try delete(second)
        #expect(try object(keys(first).elements) == "1\n2\n3\n")
        try fixture.run(SubmitTask.kind, job: third)
        #expect(try object(keys(third).elements) == "1\n3\n")
        try delete(third)
        var bench = try fixture.bench()
        try bench.database.removeExpiredUploads()
        try fixture.runDue(UploadRemoval.kind, at: &bench)
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 0)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    /// Straight to the bucket, where its file lies by now.
    private func posted(_ text: String, form: String, count: Int) throws -> UUID {
        let id = try list(text, form: form, count: count)
        let place = "p/uploads/\(id.lower)"
        try fixture.change("DELETE FROM upload_chunks WHERE upload = \(id)")
        try fixture.change("UPDATE uploads SET is_direct = true, key = \(place) WHERE id = \(id)")
        var bench = try fixture.bench()
        try bench.aws.put(
            Array(text.utf8), bucket: WorkerFixture.bucket, key: place, by: fixture.key, in: WorkerFixture.regionName)
        return id
    }

    private func isUsable(_ upload: UUID) throws -> Bool {
        var bench = try fixture.bench()
        return try bench.database.usableUploads([upload])[upload] != nil
    }

    @Test func aPostedListLiesInTheBucketOnce() throws {
        let whole = try posted("[1,\n {\"a\":2}]", form: "array", count: 2)
        let file = "p/uploads/\(whole.lower)"
        let first = try map(of: whole, elements: 2)
        let second = try map(of: whole, elements: 2)
        try fixture.run(SubmitTask.kind, job: first)
        #expect(try fixture.job(first).phase == "sent")
        #expect(try object(file) == nil)
        #expect(try object(keys(first).elements) == "1\n{\"a\":2}\n")
        let written = try fixture.ask("SELECT key, elements #>> '{stored,file}' FROM uploads") { row in
            [try row.textOptional(0), try row.textOptional(1)]
        }
        #expect(try written == [keys(first).elements, nil])
        #expect(try !isUsable(whole))
        // The list is shared as before, and goes with the last.
        try fixture.run(SubmitTask.kind, job: second)
        #expect(try fixture.job(second).phase == "sent")
        try delete(first)
        #expect(try object(keys(first).elements) != nil)
        try delete(second)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    @Test func aPostedListThatIsAnInputFileAsWellIsKept() throws {
        let text = "1\n2\n"
        let whole = try posted(text, form: "lines", count: 2)
        let job = try map(of: whole, elements: 2)
        try fixture.change(
            """
            INSERT INTO job_inputs (job, n, name, upload, size, sha256)
            VALUES (\(job), 0, 'list.jsonl', \(whole), \(text.utf8.count), \(sha256(Array(text.utf8))))
            """)
        try fixture.run(SubmitTask.kind, job: job)
        #expect(try fixture.job(job).phase == "sent")
        #expect(try object("p/uploads/\(whole.lower)") == text && object(keys(job).elements) == text)
        #expect(try isUsable(whole))
        try delete(job)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    /// As before, but through our rows: it is stored as a file, and the list is then made of that.
    @Test func aListInOurRowsThatIsAnInputFileAsWell() throws {
        let text = "[1, 2]"
        let whole = try list(text, form: "array", count: 2)
        let job = try map(of: whole, elements: 2)
        try fixture.change(
            """
            INSERT INTO job_inputs (job, n, name, upload, size, sha256)
            VALUES (\(job), 0, 'list.json', \(whole), \(text.utf8.count), \(sha256(Array(text.utf8))))
            """)
        try fixture.run(SubmitTask.kind, job: job)
        #expect(try fixture.job(job).phase == "sent")
        #expect(try object("p/uploads/\(whole.lower)") == text && object(keys(job).elements) == "1\n2\n")
        try delete(job)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    /// The job goes out, and what could not be removed goes with it.
    @Test func aPostedListThatMayNotBeRemoved() throws {
        let whole = try posted("1\n2\n", form: "lines", count: 2)
        let job = try map(of: whole, elements: 2)
        try fixture.changeRegion(
            """
            INSERT INTO identity_policies (holder, name, document) SELECT 'user/' || name, 'keep',
                '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}]}'
            FROM users
            """)
        try fixture.run(SubmitTask.kind, job: job)
        #expect(try fixture.job(job).phase == "sent")
        let file = "p/uploads/\(whole.lower)"
        #expect(try object(file) != nil)
        #expect(try fixture.ask("SELECT elements #>> '{stored,file}' FROM uploads") { try $0.text(0) } == file)
        try fixture.changeRegion("DELETE FROM identity_policies WHERE name = 'keep'")
        try delete(job)
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    @Test func aListThatIsGoneIsSaid() throws {
        let whole = try list("1\n2\n3\n", form: "lines", count: 3)
        let first = try map(of: whole, elements: 3)
        try fixture.run(SubmitTask.kind, job: first)
        let again = try map(of: whole, elements: 3)
        let picked = try map(of: rest(of: whole, [1, 2], among: 3), elements: 2)
        try fixture.changeRegion("DELETE FROM objects WHERE key = \(keys(first).elements)")
        for job in [again, picked] {
            try fixture.run(SubmitTask.kind, job: job)
            #expect(try fixture.job(job).phase == "refused")
            #expect(try fixture.job(job).reason?.hasPrefix("The list of elements is no longer in the bucket") == true)
        }
    }
}

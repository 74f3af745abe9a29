import AWS
import Cryptography
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks
import TestSupport
import Testing

@testable import Batchport

/// Asking for a job's deletion: only once it is settled, only one's own, and by page and API alike.
struct DeletionRequestTests {
    private func settled(_ portal: inout Portal) throws -> UUID {
        let job = try portal.submitted(["name": "old"])
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', provider_job_id = 'aws-' || id, status = 'Succeeded', settled_at = now()
            WHERE id = \(job)
            """
        ])
        return job
    }

    @Test func isRefusedUntilSettled() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        for phase in ["queued", "held", "sending", "checking", "sent"] {
            try portal.worker([
                "UPDATE jobs SET phase = \(phase), intent_at = now(), provider_job_id = 'p', status = 'Running'"
            ])
            #expect(try portal.api("DELETE", "/jobs/\(job.uuidString)").status == 409)
            let token = try portal.formToken()
            #expect(try portal.form("/jobs/\(job.uuidString)/delete", [("form_token", token)]).status == 409)
            #expect(try !portal.page("/jobs/\(job.uuidString)").text.contains("/delete\""))
            #expect(try portal.page("/jobs/\(job.uuidString)/delete").text.contains("not settled yet"))
        }
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'delete'") == 0)
        #expect(throws: PostgresError.self) { try portal.worker(["UPDATE jobs SET delete_requested_at = now()"]) }
    }

    @Test func isAcceptedOnceAndShown() throws {
        var portal = try Portal()
        let job = try settled(&portal)
        let path = "/jobs/\(job.uuidString.lowercased())"
        #expect(try portal.api("DELETE", path, as: portal.stranger).status == 404)
        let first = try portal.api("DELETE", path)
        #expect(first.status == 202 && first.json["deletion"]?["requestedAt"]?.string != nil)
        #expect(try portal.api("DELETE", "/jobs/aws-\(job.uuidString.lowercased())").status == 202)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'delete'") == 1)
        #expect(try portal.count("SELECT count(*) FROM audit WHERE action = 'job.delete' AND subject = \(job)") == 1)
        #expect(try portal.page("/jobs").text.contains("being deleted"))
        try portal.worker(["UPDATE jobs SET delete_trouble = 'AWS <said> no.'"])
        let page = try portal.page(path).text
        #expect(
            page.contains("Being deleted for") && page.contains("AWS &lt;said&gt; no.") && !page.contains("/delete\""))
        var deletion = try portal.api("GET", path).json["deletion"]
        #expect(deletion?["trouble"] == "AWS <said> no." && deletion?["remedy"] == .null)
        try portal.worker(["UPDATE jobs SET delete_remedy = 'Ask <AWS>.'"])
        deletion = try portal.api("GET", path).json["deletion"]
        #expect(deletion?["remedy"] == "Ask <AWS>.")
        #expect(try portal.page(path).text.contains("no. Ask &lt;AWS&gt;."))
    }

    @Test func onThePageItAsksFirst() throws {
        var portal = try Portal()
        let job = try settled(&portal)
        let path = "/jobs/\(job.uuidString.lowercased())"
        #expect(try portal.page(path).text.contains("href=\"\(path)/delete\""))
        let asking = try portal.page(path + "/delete")
        let token = try #require(asking.field("form_token"))
        #expect(asking.text.contains("Delete this job?"))
        #expect(try portal.form(path + "/delete", [("form_token", "wrong")]).status == 403)
        #expect(try portal.form(path + "/delete", [("form_token", token)], as: portal.stranger).status == 403)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE delete_requested_at IS NOT NULL") == 0)
        #expect(try portal.form(path + "/delete", [("form_token", token)]).status == 303)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE delete_requested_at IS NOT NULL") == 1)
    }

    @Test func aTokenNeedsItsScope() throws {
        var portal = try Portal()
        let job = try settled(&portal)
        try portal.owner("UPDATE tokens SET scopes = array_remove(scopes, 'jobs:delete')")
        #expect(try portal.api("DELETE", "/jobs/\(job.uuidString)").status == 403)
    }

    /// A client that repeats its submission must not bring back what was deleted.
    @Test func theSubmissionsKeyStaysUsed() throws {
        var portal = try Portal()
        let body = portal.submission(["name": "once"])
        let answer = try portal.submit(body, key: "k")
        #expect(answer.status == 201)
        #expect(try portal.submit(body, key: "k").text == answer.text)
        try portal.worker(["UPDATE idempotency_keys SET answer = ''", "DELETE FROM jobs"])
        let again = try portal.submit(body, key: "k")
        #expect(again.status == 410 && again.json["type"]?.string == "/problems/job-deleted")
        #expect(try portal.count("SELECT count(*) FROM jobs") == 0)
    }
}

/// The worker's part, against the region: what goes, what stays, and what happens when it is cut short.
struct DeletionTaskTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func put(_ key: String) throws {
        var bench = try fixture.bench()
        try bench.aws.put(
            Array("x".utf8), bucket: WorkerFixture.bucket, key: key, by: fixture.key, in: WorkerFixture.regionName)
    }

    private func keys() throws -> [String] {
        try fixture.askRegion("SELECT coalesce(array_agg(key ORDER BY key), '{}') FROM objects") {
            try $0.value(0, as: [String].self)
        } ?? []
    }

    /// Sent, ended, with objects, rows and somebody's wish that it be gone.
    private func doomed(inputs: [(name: String, bytes: [UInt8])] = []) throws -> UUID {
        let id = try fixture.sent(.init(inputs: inputs))
        for n in 0..<3 { try put("p/jobs/\(id.lower)/attempts/1/output/\(n)") }
        try fixture.change(
            """
            WITH log AS (INSERT INTO logs (job, attempt, stream) VALUES (\(id), 1, 's')),
            key AS (INSERT INTO idempotency_keys (caller, key, body_hash, job, answer)
                VALUES (\(fixture.person), \(id.lower), '', \(id), 'what it was'))
            INSERT INTO outputs (job, path, attempt, key, size, content_type) VALUES (\(id), 'a', 1, 'k', 1, 'text/plain')
            """)
        try fixture.change(
            "INSERT INTO log_chunks (job, attempt, first_line, lines, times, text) VALUES (\(id), 1, 1, 1, '{0}', 'x')")
        try fixture.change(
            """
            UPDATE jobs SET status = 'Succeeded', settled_at = now(), delete_requested_at = now(),
                delete_requested_by = \(fixture.person) WHERE id = \(id)
            """)
        return id
    }

    private func isWhole(_ id: UUID) throws -> Bool {
        try fixture.count("SELECT count(*) FROM jobs j JOIN outputs o ON o.job = j.id WHERE j.id = \(id)") == 1
    }

    @Test func nothingIsLeftButTheTrail() throws {
        let other = try fixture.sent()
        let before = try keys()
        let id = try doomed(inputs: [("a.txt", Array("abc".utf8))])
        #expect(try keys().count > before.count + 4)
        #expect(try fixture.run(DeletionTask.kind, job: id) == "done")
        #expect(try keys() == before)
        #expect(
            try fixture.count(
                """
                SELECT count(*) FROM (SELECT id FROM jobs UNION ALL SELECT job FROM job_inputs UNION ALL SELECT job FROM outputs
                    UNION ALL SELECT job FROM logs UNION ALL SELECT job FROM log_chunks UNION ALL SELECT job FROM status_changes
                    UNION ALL SELECT job FROM attempts UNION ALL SELECT job FROM results) AS rows (job) WHERE job = \(id)
                """) == 0)
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 0)
        #expect(try fixture.count("SELECT count(*) FROM idempotency_keys WHERE answer = ''") == 1)
        #expect(
            try fixture.count(
                """
                SELECT count(*) FROM audit WHERE action = 'job.deleted' AND subject = \(id) AND actor = \(fixture.person)
                    AND (detail ->> 'objects')::int >= 6
                """) == 1)
        #expect(try fixture.job(other).phase == "sent")
        #expect(try fixture.run(DeletionTask.kind, job: id) == "done")
    }

    /// Two jobs of one file: the first takes nothing of the second's along, the second takes the file.
    @Test func aSharedFileGoesWithItsLastJob() throws {
        let first = try doomed(inputs: [("a.txt", Array("abc".utf8))])
        let second = try fixture.insert()
        try fixture.change(
            """
            INSERT INTO job_inputs (job, n, name, upload, size, sha256)
            SELECT \(second), 0, 'b.txt', upload, size, sha256 FROM job_inputs WHERE job = \(first)
            """)
        #expect(try fixture.run(DeletionTask.kind, job: first) == "done")
        #expect(try keys().count == 1)
        #expect(try fixture.run(SubmitTask.kind, job: second) == "done")
        #expect(try fixture.job(second).phase == "sent")
        try fixture.change(
            "UPDATE jobs SET status = 'Failed', settled_at = now(), delete_requested_at = now() WHERE id = \(second)")
        #expect(try fixture.run(DeletionTask.kind, job: second) == "done")
        #expect(try keys() == [])
        #expect(try fixture.count("SELECT count(*) FROM uploads") == 0)
    }

    @Test func whatAWSRefusesIsSaidAndGoneOnWith() throws {
        let id = try doomed()
        try fixture.order(fault: "error", of: "DeleteObjects", status: 403, code: "AccessDenied")
        #expect(try fixture.run(DeletionTask.kind, job: id) == "retryable")
        #expect(try isWhole(id))
        let trouble = try fixture.ask("SELECT delete_trouble FROM jobs WHERE id = \(id)") { try $0.textOptional(0) }
        #expect(trouble??.contains("does not allow DeleteObjects") == true)
        let remedy = try fixture.ask("SELECT delete_remedy FROM jobs WHERE id = \(id)") { try $0.textOptional(0) }
        #expect(remedy??.contains("policy must allow it") == true)
        var bench = try fixture.bench()
        #expect(try fixture.runDue(DeletionTask.kind, at: &bench) == "done")
        #expect(try !isWhole(id))
    }

    @Test func withoutItsCredentialItSaysSo() throws {
        let id = try doomed()
        try fixture.change("UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL")
        #expect(try fixture.run(DeletionTask.kind, job: id) == "retryable")
        #expect(
            try fixture.count(
                """
                SELECT count(*) FROM jobs WHERE id = \(id) AND delete_trouble LIKE '%credential%'
                    AND delete_remedy LIKE '%custodian%goes on by itself%'
                """) == 1)
    }

    /// The rows are last: after a death at any moment the job still says what is to be done, and the task comes back.
    @Test func aLostTaskIsFoundAgain() throws {
        let id = try doomed()
        var bench = try fixture.bench()
        try bench.database.findLostDeletions()
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'delete'") == 0)
        try fixture.change("UPDATE jobs SET delete_requested_at = now() - interval '2 minutes' WHERE id = \(id)")
        try bench.database.findLostDeletions()
        try bench.database.findLostDeletions()
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'delete'") == 1)
        #expect(try fixture.runDue(DeletionTask.kind, at: &bench) == "done")
    }

    @Test func moreObjectsThanAPageHolds() throws {
        let id = try doomed()
        try fixture.changeRegion(
            """
            INSERT INTO objects (bucket, key, id, size, etag)
            SELECT \(WorkerFixture.bucket), 'p/jobs/' || \(id.lower)::text || '/many/' || n, gen_random_uuid(), 1, 'e'
            FROM generate_series(1, 2100) n
            """)
        #expect(try fixture.run(DeletionTask.kind, job: id) == "done")
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }
}

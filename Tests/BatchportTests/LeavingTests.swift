import AWS
import FoundationEssentials
import HTTP
import JSON
import PostgreSQL
import Processes
import TestSupport
import Testing

@testable import Batchport

/// Somebody leaves: what their jobs come to, and what the page says of it.
struct LeavingTests {
    /// On their way when their owner goes: a job that AWS has goes on, one that was not sent ends, since nothing could
    /// sign for it any more.
    @Test func aDeletedPersonsUnsentJobsEnd() throws {
        var portal = try Portal()
        let (sent, queued, held) = (try portal.submitted(), try portal.submitted(), try portal.submitted())
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', intent_at = now(), provider_job_id = 'aws-1', status = 'Running',
                status_since = now() WHERE id = \(sent)
            """,
            "UPDATE jobs SET phase = 'held', held_cause = 'credentialRefused' WHERE id = \(held)",
        ])
        var admin = Browser(portal.admin)
        let path = "/admin/people/\(portal.member.id.lower)"
        #expect(try admin.act(&portal, path + "/disable", [("jobs", "finish")]).status == 303)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 0)
        #expect(try admin.act(&portal, path + "/delete").status == 303)
        let stopped: SQL =
            "SELECT count(*) FROM jobs WHERE stop_requested_by = \(portal.admin.id) AND id IN (\(queued), \(held))"
        #expect(try portal.count(stopped) == 2)
        #expect(try portal.count("SELECT count(*) FROM jobs WHERE stop_requested_at IS NOT NULL") == 2)
        #expect(try portal.count("SELECT count(*) FROM tasks WHERE kind = 'stop'") == 2)
    }

    /// What keeps a job that AWS has from being followed stands on its page, with who can mend it.
    @Test func thePageSaysWhatStoppedAndWhoCanMendIt() throws {
        var portal = try Portal()
        let job = try portal.submitted()
        let reason = CredentialTrouble.deleted.sentence
        try portal.worker([
            """
            UPDATE jobs SET phase = 'sent', intent_at = now(), provider_job_id = 'aws-1', status = 'Running',
                status_since = now(), phase_reason = \(reason) WHERE id = \(job)
            """
        ])
        let page = try portal.page("/jobs/\(job.lower)")
        #expect(page.text.contains("Batchport cannot go on:") && page.text.contains("An admin can name one."))
        #expect(try portal.api("GET", "/jobs/\(job.lower)").json["phaseReason"]?.string == reason)
        try portal.worker(["UPDATE jobs SET phase_reason = NULL WHERE id = \(job)"])
        #expect(try !portal.page("/jobs/\(job.lower)").text.contains("Batchport cannot go on:"))
    }

    // MARK: With a worker

    /// An owner whose session at AWS has run out, or whose key was taken away, in the middle of a job; each time AWS says
    /// it in other words.
    @Test(arguments: ["ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"])
    func whoseKeyIsRefusedIsNamedInTheReason(code: String) throws {
        let fixture = try WorkerFixture()
        let job = try fixture.sent()
        try fixture.order(fault: "error", of: "DescribeJobs", status: 403, code: code)
        try fixture.track()
        let reason = try fixture.job(job).reason ?? ""
        #expect(reason.contains("owner can enter it anew, or an admin can name a custodian"), "\(reason)")
    }

    /// A credential that is deleted while its job is queued: nothing is sent, nothing is lost, and the job says what to do.
    @Test func aCredentialDeletedUnderAQueuedJob() throws {
        let fixture = try WorkerFixture()
        let job = try fixture.insert()
        try fixture.change(
            "UPDATE credentials SET deleted_at = now(), ingress = NULL, sealed = NULL WHERE id = \(fixture.credential)")
        try fixture.run(SubmitTask.kind, job: job)
        #expect(try fixture.job(job).phase == "held" && fixture.accepted(job) == 0)
        let remedy = try fixture.ask("SELECT held_remedy FROM jobs WHERE id = \(job)") { try $0.text(0) }
        #expect(remedy?.contains("run it again") == true)
        try fixture.change(
            """
            UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(fixture.person), stop_reason = 'x'
            WHERE id = \(job)
            """)
        try fixture.run(StopTask.kind, job: job)
        #expect(try fixture.job(job).phase == "neverSent" && fixture.job(job).isSettled)
    }

    /// The key under which a deleted person's secrets lie, here and in every backup, is destroyed; nobody else's is.
    @Test func aDeletedPersonsKeyIsDestroyed() throws {
        let fixture = try WorkerFixture()
        try fixture.run(SubmitTask.kind, job: try fixture.insert())
        let key = fixture.folder.file(fixture.person.lower)
        #expect(File.exists(key))
        var bench = try fixture.bench()
        #expect(
            try fixture.run(DestroyOwnerKey.kind, ["person": .string(fixture.person.lower)], at: &bench) == "discarded")
        #expect(File.exists(key))
        try fixture.change(
            "UPDATE people SET disabled_at = now(), deleted_at = now() WHERE id = \(fixture.person)")
        #expect(try fixture.run(DestroyOwnerKey.kind, ["person": .string(fixture.person.lower)], at: &bench) == "done")
        #expect(!File.exists(key))
        #expect(try fixture.count("SELECT count(*) FROM audit WHERE action = 'vaultKey.destroyed'") == 1)
    }

    /// A disabled person's job goes on with the credential that signs for it; a link is signed for them no more.
    @Test func aDisabledPersonsJobIsFinished() throws {
        let fixture = try WorkerFixture()
        let job = try fixture.sent()
        try fixture.changeRegion(
            "UPDATE jobs SET status = 'SUCCEEDED', started_at = now(), stopped_at = now() WHERE name = \("bp-" + job.lower)"
        )
        try fixture.change("UPDATE people SET disabled_at = now() WHERE id = \(fixture.person)")
        try fixture.track()
        try fixture.run(CaptureTask.kind, job: job)
        #expect(try fixture.job(job).status == "Succeeded" && fixture.job(job).isSettled)
        let sees = try fixture.ask(
            "SELECT person_sees_job(\(fixture.person), owner, environment) FROM jobs WHERE id = \(job)"
        ) { try $0.bool(0) }
        #expect(sees == false)
    }
}

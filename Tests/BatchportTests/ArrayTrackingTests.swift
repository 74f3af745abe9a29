import FoundationEssentials
import JSON
import PostgreSQL
import TestSupport
import Testing

@testable import AWS
@testable import Batchport

/// Following an array's children with few calls (trust.md R13, R18).
struct ArrayTrackingTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    private func counts(_ array: UUID) throws -> [String: Int] {
        var connection = try fixture.database.connect(.worker)
        return try connection.childCounts(of: array).counts
    }

    /// DescribeJobs and ListJobs of one sweep.
    private func calls() throws -> (described: Int, listed: Int) {
        var described = 0
        let listed = try fixture.calls(of: "ListJobs") {
            described = try fixture.calls(of: "DescribeJobs") { try fixture.track() }
        }
        return (described, listed)
    }

    private func endParent(_ array: UUID, _ status: String) throws {
        try fixture.changeRegion("UPDATE jobs SET status = \(status), stopped_at = now() WHERE id = \(array)")
    }

    @Test func listsThoseThatRunAndAsksAboutThoseThatEnded() throws {
        let array = try fixture.array([("SUCCEEDED", 250), ("RUNNING", 1100), ("RUNNABLE", 50)])
        // Three for those that ended, one for the parent; two pages of RUNNING, one of RUNNABLE.
        #expect(try calls() == (4, 3))
        #expect(try counts(array) == ["Succeeded": 250, "Running": 1100, "Runnable": 50])
        #expect(try fixture.job(array).status == "Pending")
        #expect(
            try fixture.count(
                "SELECT count(*) FROM children WHERE exit_code = 0 AND log_stream IS NOT NULL AND attempts = 1")
                == 250)
        #expect(try fixture.count("SELECT count(*) FROM attempts WHERE child >= 0") == 250)
        #expect(
            try fixture.count(
                "SELECT count(*) FROM status_changes WHERE child = 0 AND status IN ('Running', 'Succeeded')")
                == 2)

        // Nothing has changed: the parent's counts say so.
        let change = try fixture.count("SELECT change FROM jobs")
        #expect(try calls() == (1, 0))
        #expect(try fixture.count("SELECT change FROM jobs") == change)

        // Who has ended is never asked about again.
        try fixture.set("FAILED", of: array, 250..<260, exit: 3)
        #expect(try calls() == (2, 3))
        #expect(try counts(array) == ["Succeeded": 250, "Failed": 10, "Running": 1090, "Runnable": 50])
        #expect(try fixture.count("SELECT count(*) FROM children WHERE exit_code = 3") == 10)
    }

    @Test func theParentEndsOnceEachChildHas() throws {
        let array = try fixture.array([("RUNNING", 130)])
        try fixture.track()
        try fixture.set("SUCCEEDED", of: array, 0..<120)
        try fixture.set("FAILED", of: array, 120..<130, exit: 1)
        try endParent(array, "FAILED")
        try fixture.changeRegion(
            "INSERT INTO faults (operation, kind, milliseconds) VALUES ('DescribeJobs', 'delay', 0)")
        try fixture.order(fault: "error", of: "DescribeJobs", status: 400, code: "NeverHeardOf")
        #expect(try fixture.track() == "available")
        // The parent's word was heard, but not its children's.
        #expect(try fixture.job(array).status == "Pending")
        #expect(try fixture.track() == "done")
        #expect(try fixture.job(array).status == "Failed")
        #expect(try counts(array) == ["Succeeded": 120, "Failed": 10])
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'capture'") == 1)
    }

    @Test func aChildThatGoesBackIsARetryOrAnOldWord() throws {
        let array = try fixture.array([("RUNNING", 150)])
        try fixture.track()
        try fixture.set("RUNNABLE", of: array, 0..<2)
        try fixture.changeRegion(
            """
            INSERT INTO job_attempts (job, number, task, instance, access_key_id, started_at, stopped_at, status_reason)
            SELECT id, 1, md5(id::text), 'i', 'k', now(), now(), 'Host EC2 (instance i-1) terminated.' FROM jobs
            WHERE parent = \(array) AND array_index = 0
            """)
        try fixture.track()
        // One has an attempt behind it, of the other AWS says nothing that explains it.
        #expect(
            try fixture.ask("SELECT array_agg(status ORDER BY k) FROM children WHERE k < 2") {
                try $0.value(0, as: [String].self)
            } == ["Runnable", "Running"])
        try fixture.change("UPDATE children SET status_since = now() - interval '61 s' WHERE k = 1")
        try fixture.track()
        #expect(try fixture.count("SELECT count(*) FROM children WHERE status = 'Runnable'") == 2)
    }

    /// However old its end is, and however late the other word comes.
    @Test func aChildsEndIsTheEnd() throws {
        let array = try fixture.array([("SUCCEEDED", 1), ("RUNNING", 2)])
        try fixture.track()
        try fixture.change("UPDATE children SET status_since = now() - interval '2 minutes'")
        let late = try #require(JobSummary(["jobId": "x:0", "jobName": "x", "status": "RUNNING"]))
        let word = try #require(ChildWord(late))
        var connection = try fixture.database.connect(.worker)
        let pace = try connection.trackingPace()
        try connection.transaction { try $0.apply([word], toChildrenOf: array, pace) }
        #expect(
            try fixture.count("SELECT count(*) FROM children WHERE k = 0 AND status = 'Succeeded' AND exit_code = 0")
                == 1)
    }

    /// R14 for a child: it is lost in the end, and then the array's end is known.
    @Test func aChildThatAWSLeavesOutIsLostInTheEnd() throws {
        let array = try fixture.array([("RUNNING", 3)])
        try fixture.track()
        try fixture.set("SUCCEEDED", of: array, 0..<2)
        try fixture.changeRegion("DELETE FROM jobs WHERE parent = \(array) AND array_index = 2")
        try endParent(array, "SUCCEEDED")
        #expect(try fixture.track() == "available")
        #expect(try fixture.count("SELECT count(*) FROM children WHERE unseen_since IS NOT NULL") == 0)
        try fixture.change("UPDATE jobs SET phase_since = now() - interval '2 minutes'")
        #expect(try fixture.track() == "available")
        #expect(try fixture.job(array).status == "Pending")
        try fixture.change(
            "UPDATE children SET unseen_since = now() - interval '11 minutes' WHERE unseen_since IS NOT NULL")
        #expect(try fixture.track() == "done")
        #expect(try fixture.count("SELECT count(*) FROM children WHERE lost AND status = 'Running'") == 1)
        #expect(try fixture.job(array).status == "Succeeded")
    }

    @Test func withoutThePermissionToListChildrenAreAskedAbout() throws {
        let array = try fixture.array([("RUNNING", 150), ("SUCCEEDED", 50)])
        try fixture.order(fault: "error", of: "ListJobs", status: 400, code: "AccessDeniedException")
        try fixture.track()
        #expect(try counts(array) == ["Succeeded": 50, "Running": 150])
    }
}

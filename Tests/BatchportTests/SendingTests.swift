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

/// A job's way to AWS, once, as it was shown.
struct SendingTests {
    private let fixture: WorkerFixture

    init() throws { fixture = try WorkerFixture() }

    @Test func storesFilesAndSendsOnce() throws {
        let large = [UInt8]((0..<(9 << 20) + 7).map { UInt8(truncatingIfNeeded: $0 / 3) })
        var new = WorkerFixture.NewJob()
        new.inputs = [("a b.csv", Array("x,y\n".utf8)), ("large.bin", large), ("empty", [])]
        new.variables = ["MODE": "fast"]
        let id = try fixture.insert(new)
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        let job = try fixture.job(id)
        #expect(job.phase == "sent")
        #expect(job.status == "Submitted")
        #expect(try fixture.accepted(id) == 1)

        let keys = try #require(JobKeys(prefix: "p/", job: id.lower))
        var bench = try fixture.bench()
        func stored(_ key: String) throws -> [UInt8] {
            try bench.aws.get(
                bucket: WorkerFixture.bucket, key: key, maxBytes: 16 << 20, by: fixture.key,
                in: WorkerFixture.regionName)
        }
        let manifest = try JobManifest(bytes: stored(keys.manifest))
        #expect(manifest.job == id.lower)
        #expect(manifest.environment == ["MODE": "fast"])
        #expect(manifest.inputFiles.map(\.name) == ["a b.csv", "large.bin", "empty"])
        for (file, input) in zip(manifest.inputFiles, new.inputs) {
            #expect(file.object.size == input.bytes.count)
            #expect(file.object.sha256 == hex(sha256(input.bytes)))
            #expect(try stored(file.object.key) == input.bytes)
        }
        #expect(try stored(keys.code) == Array("print('ran')\n".utf8))
        #expect(try fixture.count("SELECT count(*) FROM upload_chunks") == 0)
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'track' AND state = 'available'") == 1)
        let request = try fixture.askRegion("SELECT request FROM jobs WHERE name = \("bp-" + id.lower)") {
            try JSONValue.parse($0.json(0).bytes)
        }
        #expect(request?["tags"]?["batchport:job"]?.string == id.lower)
        #expect(request?["containerOverrides"]?["command"]?[1]?.string == "s3://batchport-local/\(keys.manifest)")
        #expect(request?["containerOverrides"]?["resourceRequirements"] == nil)
        // What the runner holds the manifest against: no other job can change it there.
        let digest = hex(sha256(try stored(keys.manifest)))
        #expect(
            request?["containerOverrides"]?["environment"]
                == [
                    ["name": "BATCHPORT_JOB", "value": .string(id.lower)],
                    ["name": .string(ManifestAddress.digestVariable), "value": .string(digest)],
                ])
    }

    @Test func aSecretIsUsedOnlyAfterItsRowInTheTrail() throws {
        let id = try fixture.insert()
        try fixture.run(SubmitTask.kind, job: id)
        let use = try fixture.ask(
            "SELECT detail, actor FROM audit WHERE action = 'credential.used' AND subject = \(fixture.credential)"
        ) { (try JSONValue.parse($0.json(0).bytes), try $0.uuid(1)) }
        #expect(use?.0["purpose"]?.string == "submit")
        #expect(use?.0["job"]?.string == id.lower)
        #expect(use?.1 == fixture.person)
        try fixture.change("REVOKE INSERT ON audit FROM batchport_worker")
        try fixture.change(
            "REVOKE INSERT (actor, by_process, action, subject_kind, subject, detail) ON audit FROM batchport_worker")
        let other = try fixture.insert()
        #expect(try fixture.run(SubmitTask.kind, job: other) == "retryable")
        #expect(try fixture.accepted(other) == 0)
    }

    @Test func sendsOverridesOnlyWhereTheyDiffer() throws {
        var new = WorkerFixture.NewJob(language: "command", code: nil, argv: ["echo", "a b"], definition: "plain:1")
        new.variables = ["MODE": "fast"]
        new.effective = [
            "memory": ["value": 256, "overridden": true], "vcpus": ["value": 1, "overridden": false],
            "gpus": ["value": 0, "overridden": true],
        ]
        let id = try fixture.sent(new)
        let request = try fixture.askRegion("SELECT request FROM jobs WHERE name = \("bp-" + id.lower)") {
            try JSONValue.parse($0.json(0).bytes)
        }
        let overrides = request?["containerOverrides"]
        #expect(overrides?["command"] == ["echo", "a b"])
        #expect(overrides?["resourceRequirements"] == [["type": "MEMORY", "value": "256"]])
        #expect(
            overrides?["environment"]
                == [["name": "BATCHPORT_JOB", "value": .string(id.lower)], ["name": "MODE", "value": "fast"]])
        #expect(try fixture.askRegion("SELECT count(*) FROM objects") { try $0.int(0) } == 0)
    }

    @Test func whatAWSWouldFailIsRefusedUnsent() throws {
        let argv = ["echo", String(repeating: "x", count: 9000)]
        let new = WorkerFixture.NewJob(language: "command", code: nil, argv: argv, definition: "plain:1")
        let id = try fixture.sent(new)
        let job = try fixture.job(id)
        #expect(job.phase == "refused")
        #expect(job.isSettled)
        #expect(job.reason?.contains("at most 8,192") == true)
        #expect(try fixture.accepted(id) == 0)
    }

    @Test func aDefiniteNoRefuses() throws {
        let id = try fixture.sent(WorkerFixture.NewJob(definition: "batchport-runner:99"))
        let job = try fixture.job(id)
        #expect(job.phase == "refused")
        #expect(job.isSettled)
        #expect(job.reason?.hasPrefix("AWS refused SubmitJob: ") == true)
    }

    /// jobs.md: the revision sent is the one that was shown.
    @Test func aRevisionThatWasDeregisteredIsRefusedAndSaid() throws {
        try fixture.changeRegion("UPDATE job_definitions SET status = 'INACTIVE' WHERE name = 'batchport-runner'")
        // The region is another test's next.
        defer { try? fixture.changeRegion("UPDATE job_definitions SET status = 'ACTIVE'") }
        let id = try fixture.sent()
        let job = try fixture.job(id)
        #expect(job.phase == "refused" && job.isSettled)
        #expect(job.reason?.contains("batchport-runner:1 is not ACTIVE") == true)
        #expect(job.reason?.contains("made for revision batchport-runner:1 of its definition") == true)
        #expect(try fixture.accepted(id) == 0)
    }

    @Test func tooManyRequestsIsNotYet() throws {
        let id = try fixture.insert()
        try fixture.order(fault: "error", of: "SubmitJob", status: 429, code: "TooManyRequestsException")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "available")
        #expect(try fixture.job(id).phase == "queued")
        #expect(try fixture.run(SubmitTask.kind, job: id) == "done")
        #expect(try fixture.accepted(id) == 1)
    }

    @Test func whoLostTheLeaseSendsNothing() throws {
        let id = try fixture.insert()
        var slow = try fixture.bench()
        try slow.database.enqueue("submit", ["job": .string(id.lower)], for: id)
        let task = try #require(
            try slow.database.claimTasks(kinds: ["submit"], lane: .ordinary, leaseMilliseconds: 60_000).first)
        try fixture.change("UPDATE tasks SET lease_until = now() - interval '1 s'")
        var quick = try fixture.bench()
        try quick.database.rescueTasks()
        let thread = WorkerThread(
            lane: .ordinary, configuration: fixture.configuration, board: LeaseBoard(), stop: StopFlag())
        try thread.perform(task, &slow)
        #expect(try fixture.job(id).phase == "queued")
        #expect(try fixture.accepted(id) == 0)
        #expect(try fixture.runDue(SubmitTask.kind, at: &quick) == "done")
        #expect(try fixture.accepted(id) == 1)
    }

    @Test func tooLateOrUnwantedIsNeverSent() throws {
        let late = try fixture.insert(WorkerFixture.NewJob(startBefore: 1_000_000_000_000))
        #expect(try fixture.run(SubmitTask.kind, job: late) == "done")
        #expect(try fixture.job(late).phase == "neverSent")
        let stopped = try fixture.insert()
        try fixture.change(
            "UPDATE jobs SET stop_requested_at = now(), stop_requested_by = \(fixture.person) WHERE id = \(stopped)")
        #expect(try fixture.run(StopTask.kind, job: stopped) == "done")
        #expect(
            try fixture.job(stopped)
                == .init(phase: "neverSent", reason: "Aborted before it was sent.", isSettled: true))
        #expect(try fixture.run(SubmitTask.kind, job: stopped) == "done")
        #expect(try fixture.accepted(stopped) == 0)
    }

    /// Between the look at a job and the intent to send it, it may be stopped, become too late, or be sent by another.
    @Test(
        arguments: [
            ("stop_requested_at = now(), stop_requested_by = owner", "neverSent"),
            ("start_before = now()", "neverSent"),
            ("phase = 'sending', intents = intents + 1, intent_at = now()", "checking"),
        ] as [(SQL, String)])
    func whatHasChangedSinceTheLookIsNotSent(change: SQL, phase: String) throws {
        let id = try fixture.insert()
        let fixture = fixture
        try fixture.overtake(by: "UPDATE jobs SET \(fragment: change) WHERE id = \(id)") {
            try fixture.run(SubmitTask.kind, job: id)
        }
        #expect(try fixture.job(id).phase == phase)
        #expect(try fixture.accepted(id) == 0)
    }

    @Test func lostWorkIsFound() throws {
        let id = try fixture.insert()
        try fixture.change("UPDATE jobs SET phase_since = now() - interval '1 hour'")
        var bench = try fixture.bench()
        try bench.database.findLostWork()
        try bench.database.findLostWork()
        #expect(try fixture.count("SELECT count(*) FROM tasks WHERE kind = 'submit'") == 1)
        #expect(try fixture.runDue(SubmitTask.kind, at: &bench) == "done")
        #expect(try fixture.job(id).phase == "sent")
    }
}

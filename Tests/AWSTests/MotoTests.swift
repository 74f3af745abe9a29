import AWS
import Cryptography
import FoundationEssentials
import HTTPClient
import JSON
import Processes
import Testing

/// Against moto, an independent imitation of AWS that checks signatures and permissions (strict_moto.py).
struct MotoTests {
    private let moto: StrictMoto
    private let region = "eu-central-1"
    private let bucket = "moto-bucket"

    init() throws { moto = try StrictMoto.shared.get() }

    private func client() throws -> AWSClient {
        let endpoints = try AWSEndpoints(overrides: [region: moto.url])
        return AWSClient(
            endpoints: endpoints, http: HTTPClient(.init(isAllowed: endpoints.mayReach)),
            now: { Clock.milliseconds() })
    }

    @Test func whoseKeyItIs() throws {
        var client = try client()
        let identity = try client.callerIdentity(by: try moto.credentials("tester"), in: region)
        #expect(identity.arn == "arn:aws:iam::123456789012:user/tester" && identity.account == "123456789012")
        #expect(!identity.isRoot)
    }

    @Test func aWrongSecretAndAnUnknownKey() throws {
        var client = try client()
        let wrong = try moto.credentials("tester", secret: "wrong")
        for by in [wrong, .example] {
            let sts = #expect(throws: AWSError.self) { try client.callerIdentity(by: by, in: region) }
            #expect(sts?.isCredentialRefused == true && sts?.outcome == .refused)
            let s3 = #expect(throws: AWSError.self) {
                try client.list(bucket: bucket, prefix: "", by: by, in: region)
            }
            #expect(s3?.isCredentialRefused == true)
            let input = SubmitJobInput(jobName: "never", jobQueue: "queue", jobDefinition: "definition")
            let batch = #expect(throws: AWSError.self) { try client.submitJob(input, by: by, in: region) }
            #expect(batch?.isCredentialRefused == true && batch?.outcome == .refused)
        }
    }

    @Test func whoMayDoNothing() throws {
        var client = try client()
        let nobody = try moto.credentials("nobody")
        let s3 = #expect(throws: AWSError.self) {
            try client.put([1], bucket: bucket, key: "k", by: nobody, in: region)
        }
        #expect(s3?.isAccessDenied == true && s3?.isCredentialRefused == false && s3?.outcome == .refused)
        let batch = #expect(throws: AWSError.self) { try client.describeJobs(["a"], by: nobody, in: region) }
        #expect(batch?.isAccessDenied == true)
        let logs = #expect(throws: AWSError.self) {
            try client.logEvents(group: "/aws/batch/job", stream: "definition/default/1", by: nobody, in: region)
        }
        #expect(logs?.isAccessDenied == true)
    }

    /// Without a slash in the prefix: moto decodes the query before it verifies.
    @Test func objectsComeAndGo() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let bytes = Array("0123456789".utf8)
        let etag = try client.put(
            bytes, bucket: bucket, key: "round-a.txt", contentType: "text/plain", by: tester, in: region)
        #expect(try client.get(bucket: bucket, key: "round-a.txt", maxBytes: 10, by: tester, in: region) == bytes)
        let part = try client.get(
            bucket: bucket, key: "round-a.txt", range: 2...4, maxBytes: 10, by: tester, in: region)
        #expect(part == Array("234".utf8))
        let head = try client.head(bucket: bucket, key: "round-a.txt", by: tester, in: region)
        #expect(head.size == 10 && head.etag == etag && head.contentType == "text/plain" && head.lastModified != nil)
        try client.put([], bucket: bucket, key: "round-b", by: tester, in: region)
        let first = try client.list(bucket: bucket, prefix: "round-", limit: 1, by: tester, in: region)
        #expect(first.objects.map(\.key) == ["round-a.txt"] && first.objects[0].lastModified != nil)
        let continuation = try #require(first.continuation)
        let rest = try client.list(
            bucket: bucket, prefix: "round-", continuation: continuation, by: tester, in: region)
        #expect(rest.objects.map(\.key) == ["round-b"] && rest.continuation == nil)
        let kept = try client.delete(
            bucket: bucket, keys: ["round-a.txt", "round-b", "round-never"], by: tester, in: region)
        #expect(kept.isEmpty)
        for missing in ["round-a.txt", "round-never"] {
            let head = #expect(throws: AWSError.self) {
                try client.head(bucket: bucket, key: missing, by: tester, in: region)
            }
            #expect(head?.isNotFound == true)
            let get = #expect(throws: AWSError.self) {
                try client.get(bucket: bucket, key: missing, maxBytes: 10, by: tester, in: region)
            }
            #expect(get?.isNotFound == true && get?.code == "NoSuchKey")
        }
        let nowhere = #expect(throws: AWSError.self) {
            try client.list(bucket: "no-such-bucket", prefix: "", by: tester, in: region)
        }
        #expect(nowhere?.code == "NoSuchBucket" && nowhere?.isNotFound == true)
    }

    @Test func objectsAreStreamed() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let bytes = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try client.put(
            size: Int64(bytes.count), sha256: hex(sha256(bytes)), bucket: bucket, key: "stream", by: tester, in: region
        ) { offset, max in Array(bytes[Int(offset)...].prefix(max)) }
        var received: [UInt8] = []
        let head = try client.get(bucket: bucket, key: "stream", by: tester, in: region) { received += $0 }
        #expect(received == bytes && head.size == 1_500_000)
        let wrong = #expect(throws: AWSError.self) {
            try client.put(
                size: 1, sha256: SigV4.emptyBodyHash, bucket: "no-such-bucket", key: "k", by: tester, in: region
            ) { _, _ in [1] }
        }
        #expect(wrong?.isNotFound == true)
    }

    @Test func anUploadInParts() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let parts = [[UInt8](repeating: 1, count: 5 << 20), [2, 2, 2]]
        let upload = try client.createMultipartUpload(bucket: bucket, key: "parts", by: tester, in: region)
        var etags: [String] = []
        for (index, part) in parts.enumerated() {
            etags.append(try client.uploadPart(part, number: index + 1, of: upload, by: tester, in: region))
        }
        let etag = try client.completeMultipartUpload(upload, etags: etags, by: tester, in: region)
        #expect(etag?.hasSuffix("-2\"") == true)
        #expect(try client.head(bucket: bucket, key: "parts", by: tester, in: region).size == (5 << 20) + 3)
        let other = try client.createMultipartUpload(bucket: bucket, key: "given-up", by: tester, in: region)
        try client.abortMultipartUpload(other, by: tester, in: region)
        let gone = #expect(throws: AWSError.self) {
            try client.abortMultipartUpload(other, by: tester, in: region)
        }
        #expect(gone?.isNotFound == true)
    }

    @Test func jobsAreSubmittedAndFound() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let name = "bp-\(UUID().uuidString.lowercased())"
        var input = SubmitJobInput(jobName: name, jobQueue: "queue", jobDefinition: "definition:2")
        input.command = ["true"]
        input.environment = [("A", "b")]
        input.timeoutSeconds = 60
        input.tags = ["batchport:job": "1"]
        let job = try client.submitJob(input, by: tester, in: region)
        let found = try client.describeJobs([job.jobID, "never"], by: tester, in: region)
        #expect(found.map(\.jobID) == [job.jobID] && found.first?.jobName == name)
        #expect(found.first?.jobDefinition.hasSuffix("definition:2") == true && found.first?.createdAt != nil)
        let listed = try client.listJobs(named: name, queue: "queue", by: tester, in: region)
        #expect(listed.map(\.jobID) == [job.jobID])
        #expect(try client.listJobs(named: name + "0", queue: "queue", by: tester, in: region).isEmpty)
        try client.terminateJob(job.jobID, reason: "enough", by: tester, in: region)
    }

    @Test func definitionsAndQueues() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let definitions = try client.describeJobDefinitions("definition", by: tester, in: region)
        #expect(definitions.map(\.revision) == [2, 1] && definitions.first?.tags["batchport:runner"] == "1")
        #expect(definitions.first?.timeoutSeconds == 3600)
        let arn = try #require(definitions.last?.arn)
        #expect(try client.describeJobDefinitions(arn, by: tester, in: region).map(\.revision) == [1])
        let queues = try client.describeJobQueues(["queue", "never"], by: tester, in: region)
        #expect(queues.map(\.name) == ["queue"] && queues.first?.state == "ENABLED")
        #expect(queues.first?.schedulingPolicyARN == nil)
    }

    @Test func severalLogsAreReadTogether() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        let streams = ["definition/default/1", "definition/default/2"]
        var (events, token): ([StreamEvent], String?) = ([], nil)
        repeat {
            let page = try client.logEvents(
                group: "/aws/batch/job", streams: streams, token: token, limit: 10, by: tester, in: region)
            events += page.events
            token = page.next
        } while token != nil
        for stream in streams {
            #expect(events.filter { $0.stream == stream }.map(\.message) == (0..<25).map { "line \($0) é" })
        }
    }

    @Test func aLogIsReadToItsEnd() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        var lines: [String] = []
        var token: String?
        while true {
            let page = try client.logEvents(
                group: "/aws/batch/job", stream: "definition/default/1", token: token, limit: 10, by: tester, in: region
            )
            lines += page.events.map(\.message)
            if page.nextForwardToken == token { break }
            token = page.nextForwardToken
        }
        #expect(lines == (0..<25).map { "line \($0) é" })
        let missing = #expect(throws: AWSError.self) {
            try client.logEvents(group: "/aws/batch/job", stream: "never", by: tester, in: region)
        }
        #expect(missing?.isNotFound == true && missing?.outcome == .refused)
    }

    @Test func aStackIsReadByItsName() throws {
        var client = try client()
        let stack = try client.stack("portal", by: try moto.credentials("tester"), in: region)
        #expect(stack.outputs == ["ioBucket": "of-the-stack", "prefix": "batchport/"] && stack.isReady)
        let none = #expect(throws: AWSError.self) {
            try client.stack("no-such", by: try moto.credentials("tester"), in: region)
        }
        #expect(none?.code == "ValidationError" && none?.message.contains("does not exist") == true)
        let nobody = #expect(throws: AWSError.self) {
            try client.stack("portal", by: try moto.credentials("nobody"), in: region)
        }
        #expect(nobody?.isAccessDenied == true)
    }

    /// Many streams at once, as an array's children are read.
    @Test func linesOfSeveralStreams() throws {
        var client = try client()
        let page = try client.logEvents(
            group: "/aws/batch/job", streams: ["definition/default/1"], by: try moto.credentials("tester"), in: region)
        #expect(page.events.count == 25 && page.events.first?.message == "line 0 é")
    }

    /// GPUs, memory, vCPUs, time and size of an array; its children are described, listed and ended one by one.
    @Test func settingsAreWhereTheyBelong() throws {
        var client = try client()
        let tester = try moto.credentials("tester")
        var input = SubmitJobInput(jobName: "bp-array", jobQueue: "queue", jobDefinition: "definition:2")
        (input.memoryMiB, input.vcpus, input.gpus) = (2048, "4", 1)
        (input.timeoutSeconds, input.arraySize) = (600, 3)
        let job = try client.submitJob(input, by: tester, in: region)
        let ids = [job.jobID] + (0..<3).map { "\(job.jobID):\($0)" }
        let found = try client.describeJobs(ids, by: tester, in: region)
        #expect(Set(found.map(\.jobID)) == Set(ids))
        let parent = found.first { $0.jobID == job.jobID }
        #expect(parent?.arrayProperties?["size"] == 3 && parent?.raw["timeout"]?["attemptDurationSeconds"] == 600)
        var listed: Set<String> = []
        for status in ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"] {
            let page = try client.jobs(in: .array(job.jobID), status: status, by: tester, in: region)
            listed.formUnion(page.jobs.map(\.jobID))
        }
        #expect(listed.isSubset(of: ids))
        try client.terminateJob(ids[1], reason: "enough of it", by: tester, in: region)
        try client.terminateJob(job.jobID, reason: "enough", by: tester, in: region)
    }
}

import AWS
import FoundationEssentials
import JSON
import Testing

/// Against moto, an independent imitation of AWS that checks signatures and permissions (strict_moto.py).
struct MotoTests {
    private let moto: StrictMoto
    private let region = "eu-central-1"
    private let bucket = "moto-bucket"

    init() throws { moto = try StrictMoto.shared.get() }

    private func client() throws -> AWSClient { try moto.client(in: region) }

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

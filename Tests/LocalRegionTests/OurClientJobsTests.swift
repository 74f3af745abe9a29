import AWS
import PostgreSQL
import TestRegion
import TestSupport
import Testing

@testable import LocalRegion

/// Our own client's calls of Batch, CloudWatch Logs and CloudFormation against the region. Nothing runs the jobs.
@Suite struct OurClientJobsTests {
    private let lent: LentRegion
    private let keys: AWSCredentials
    private let name = RegionUnderTest.name

    init() throws {
        lent = try LentRegion()
        keys = try lent.region.keys()
    }

    private func client() throws -> AWSClient { try lent.region.client() }

    private func submit(_ client: inout AWSClient, _ jobName: String) throws -> String {
        var input = SubmitJobInput(jobName: jobName, jobQueue: "local", jobDefinition: "plain")
        input.command = ["echo", "ü"]
        input.environment = [("A", "b")]
        (input.timeoutSeconds, input.tags) = (60, ["batchport:job": "1"])
        return try client.submitJob(input, by: keys, in: name).jobID
    }

    @Test func jobsAreSubmittedFoundAndStopped() throws {
        var client = try client()
        let ids = [try submit(&client, "Same"), try submit(&client, "same"), try submit(&client, "same-1")]
        let found = try client.describeJobs(ids + ["never"], by: keys, in: name)
        #expect(Set(found.map(\.jobID)) == Set(ids))
        #expect(found.allSatisfy { $0.status == "SUBMITTED" && $0.createdAt != nil })
        // Exactly that name, whatever AWS's filter takes for the same.
        #expect(try client.listJobs(named: "same", queue: "local", by: keys, in: name).map(\.jobID) == [ids[1]])
        let since = try #require(found.compactMap(\.createdAt).min())
        let listed = try client.listJobs(createdAfter: since - 1, queue: "local", by: keys, in: name)
        #expect(Set(listed.map(\.jobID)) == Set(ids))
        try client.terminateJob(ids[0], reason: "enough", by: keys, in: name)
        let ended = try #require(try client.describeJobs([ids[0]], by: keys, in: name).first)
        #expect(ended.status == "FAILED" && ended.statusReason == "enough")
        try client.terminateJob(ids[0], reason: "again", by: keys, in: name)
    }

    @Test func whatIsWrongIsAClientException() throws {
        var client = try client()
        let error = #expect(throws: AWSError.self) { try submit(&client, "not a name") }
        #expect(error?.code == "ClientException" && error?.status == 400 && error?.outcome == .refused)
        #expect(error?.message.contains("Job name should match valid pattern") == true && error?.requestID != nil)
        let many = #expect(throws: AWSError.self) {
            try client.describeJobs((0..<101).map(String.init), by: keys, in: name)
        }
        #expect(many?.code == "BadArgument")
    }

    @Test func definitionsAndQueues() throws {
        var client = try client()
        let newest = try #require(try client.describeJobDefinitions("plain", by: keys, in: name).first)
        #expect(newest.name == "plain" && newest.tags["batchport:runner"] == nil)
        #expect(try client.describeJobDefinitions(newest.arn, by: keys, in: name).map(\.revision) == [newest.revision])
        #expect(try client.describeJobDefinitions("never", by: keys, in: name).isEmpty)
        let queues = try client.describeJobQueues(["local", "never"], by: keys, in: name)
        #expect(queues.map(\.name) == ["local"] && queues.first?.state == "ENABLED")
    }

    @Test func theStackOfTheEnvironmentThatStandsHere() throws {
        var client = try client()
        let stack = try client.stack("batchport-local", by: keys, in: name)
        #expect(stack.isReady && stack.outputs["ioBucket"] == FirstStart.bucket)
        #expect(try client.stack(stack.id, by: keys, in: name) == stack)
        let missing = #expect(throws: AWSError.self) { try client.stack("other", by: keys, in: name) }
        #expect(missing?.code == "ValidationError" && missing?.outcome == .refused)
    }

    @Test func logsToTheirEnd() throws {
        var owner = try lent.region.database.connect(.local)
        for stream in ["one", "two"] {
            try owner.execute("INSERT INTO log_streams (log_group, name) VALUES ('/aws/batch/job', \(stream))")
            try owner.execute(
                """
                INSERT INTO log_events (stream, number, at, message)
                SELECT id, n, 1000 * n, name || ' ' || n FROM log_streams, generate_series(1, 25) n WHERE name = \(stream)
                """)
        }
        var client = try client()
        var (lines, token): ([String], String?) = ([], nil)
        while true {
            let page = try client.logEvents(
                group: "/aws/batch/job", stream: "one", token: token, limit: 10, by: keys, in: name)
            lines += page.events.map(\.message)
            if page.nextForwardToken == token { break }
            token = page.nextForwardToken
        }
        #expect(lines == (1...25).map { "one \($0)" })
        var (many, next): ([StreamEvent], String?) = ([], nil)
        repeat {
            let page = try client.logEvents(
                group: "/aws/batch/job", streams: ["one", "two"], token: next, limit: 7, by: keys, in: name)
            many += page.events
            next = page.next
        } while next != nil
        #expect(many.count == 50 && many.map(\.timestamp) == many.map(\.timestamp).sorted())
        #expect(many.filter { $0.stream == "two" }.map(\.message) == (1...25).map { "two \($0)" })
        let missing = #expect(throws: AWSError.self) {
            try client.logEvents(group: "/aws/batch/job", stream: "never", by: keys, in: name)
        }
        #expect(missing?.isNotFound == true)
    }
}

import AWS
import FoundationEssentials
import HTTPClient
import JSON
import PostgreSQL
import Processes
import TestRegion
import TestSupport
import Testing

@testable import Batchport

struct SessionPolicyTests {
    private func row(_ place: [String: String], logGroup: String? = nil) throws -> SessionPolicy? {
        let fixture = try WorkerFixture()
        if let logGroup {
            let options: JSONValue = ["logConfiguration": ["options": ["awslogs-group": .string(logGroup)]]]
            let definition: JSONValue = ["containerProperties": options]
            try fixture.change("UPDATE environments SET definition = \(JSONText(definition.serialized()))")
        }
        let id = try fixture.insert()
        for (column, value) in place {
            try fixture.change("UPDATE jobs SET \(identifier: column) = \(value)")
        }
        var bench = try fixture.bench()
        return try bench.database.sessionPolicy(for: .job(id), partition: "aws")
    }

    @Test func isCutToTheEnvironmentsOwn() throws {
        let policy = try #require(try row([:]))
        let statements = try JSONValue.parse(Array(policy.text.utf8))["Statement"]?.array ?? []
        let arn = "arn:aws:batch:us-local-1:000000000000:"
        #expect(statements[0]["Action"] == ["batch:SubmitJob"])
        #expect(
            statements[0]["Resource"] == [
                .string(arn + "job-definition/batchport-runner:*"), .string(arn + "job-queue/local"),
            ])
        #expect(statements[1]["Resource"] == [.string(arn + "job/*")])
        #expect(statements[3]["Action"] == ["logs:GetLogEvents", "logs:FilterLogEvents"])
        #expect(statements[3]["Resource"] == [.string(Self.logs + "/aws/batch/job:*")])
        #expect(statements[4]["Resource"] == ["arn:aws:s3:::batchport-local/p/*"])
        #expect(statements[5]["Condition"] == ["StringLike": ["s3:prefix": "p/*"]])
        #expect(statements.allSatisfy { $0["Effect"] == "Allow" })
    }

    @Test func anObjectsIsCutToThatObject() throws {
        let policy = SessionPolicy(bucket: "b", key: "p/a", partition: "aws")
        let statements = try JSONValue.parse(Array(policy.text.utf8))["Statement"]?.array ?? []
        #expect(statements.map { $0["Resource"] } == [["arn:aws:s3:::b/p/a"], ["arn:aws:s3:::b"]])
        #expect(statements[1]["Condition"] == ["StringLike": ["s3:prefix": "p/a"]])
    }

    private static let logs = "arn:aws:logs:us-local-1:000000000000:log-group:"

    /// The group is the definition's; a name that no group has, and would open others, is none.
    @Test(arguments: [
        ("/ours/jobs", "/ours/jobs"), ("a.b-c_d/e#f", "a.b-c_d/e#f"), ("*", "/aws/batch/job"), ("", "/aws/batch/job"),
        ("/ours/*", "/aws/batch/job"), ("/ours/jobs?", "/aws/batch/job"), ("a:*", "/aws/batch/job"),
        ("${aws:username}", "/aws/batch/job"), (String(repeating: "g", count: 513), "/aws/batch/job"),
    ])
    func logsAreCutToTheDefinitionsGroup(group: String, cut: String) throws {
        let policy = try #require(try row([:], logGroup: group))
        let statements = try JSONValue.parse(Array(policy.text.utf8))["Statement"]?.array ?? []
        #expect(statements[3]["Resource"] == [.string(Self.logs + cut + ":*")])
    }

    /// A check that finds another group in the definition than the last one looks at that one.
    @Test func aCheckReachesTheGroupThatItHasJustFound() throws {
        let fixture = try WorkerFixture()
        var bench = try fixture.bench()
        let policy = try bench.database.sessionPolicy(
            for: .environment(fixture.environment, logGroup: "/new"), partition: "aws")
        #expect(try #require(policy).text.contains(Self.logs + "/new:*"))
        let stored = try bench.database.sessionPolicy(for: .environment(fixture.environment), partition: "aws")
        #expect(try #require(stored).text.contains(Self.logs + "/aws/batch/job:*"))
    }

    /// Whatever an environment is made of, AWS takes it.
    @Test func fitsWithTheLongestNames() throws {
        let arn = "arn:aws-us-gov:batch:ap-southeast-99:123456789012:"
        let policy = try row(
            [
                "bucket": String(repeating: "b", count: 63), "prefix": String(repeating: "p", count: 255) + "/",
                "job_queue": arn + "job-queue/" + String(repeating: "q", count: 128), "region": "ap-southeast-99",
                "job_definition": arn + "job-definition/" + String(repeating: "d", count: 128) + ":123456",
            ], logGroup: String(repeating: "g", count: 512))
        #expect(try #require(policy).text.utf8.count <= AssumeRoleInput.policyLimit)
    }
}

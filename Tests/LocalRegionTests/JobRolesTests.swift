import JSON
import LocalRegion
import PostgreSQL
import TestSupport
import Testing

/// The roles that a job's definition names, as ECS assumes them or does not.
struct JobRolesTests {
    private let house: ExecutorFixture
    private static let start = "arn:aws:iam::000000000000:role/"

    init() throws {
        house = try ExecutorFixture()
        try trust("open", ["Principal": ["Service": "ecs-tasks.amazonaws.com"]])
        try trust("users", ["Principal": ["AWS": "000000000000"]])
        try trust(
            "elsewhere",
            [
                "Principal": ["Service": "ecs-tasks.amazonaws.com"],
                "Condition": ["StringEquals": ["aws:SourceAccount": "111111111111"]],
            ])
        try trust(
            "careful",
            [
                "Principal": ["Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]],
                "Condition": [
                    "StringEquals": ["aws:SourceAccount": "000000000000"],
                    "ArnLike": ["aws:SourceArn": "arn:aws:ecs:us-local-1:000000000000:*"],
                ],
            ])
        try house.start()
    }

    private func trust(_ role: String, _ more: JSONValue) throws {
        let statement = JSONValue.object(
            [.init("Effect", "Allow"), .init("Action", "sts:AssumeRole")] + (more.members ?? []))
        let document: JSONValue = ["Version": "2012-10-17", "Statement": [statement]]
        var connection = try house.region.connect()
        try connection.execute("INSERT INTO roles (name, trust) VALUES (\(role), \(JSONText(document.serialized())))")
    }

    /// A definition whose containers have this member.
    private func define(_ member: String, _ arn: String) throws {
        try house.region.ask(
            "registerjobdefinition",
            [
                "jobDefinitionName": "with-role", "type": "container",
                "containerProperties": .object([
                    .init(member, .string(arn)), .init("image", "busybox"),
                    .init(
                        "resourceRequirements",
                        [["type": "VCPU", "value": "1"], ["type": "MEMORY", "value": "64"]]),
                ]),
            ])
    }

    @Test(arguments: [
        ("jobRoleArn", start + "none"), ("executionRoleArn", start + "none"), ("jobRoleArn", start + "users"),
        ("jobRoleArn", start + "elsewhere"), ("executionRoleArn", "arn:aws:iam::111111111111:role/open"),
        ("jobRoleArn", "open"),
    ])
    func withOneThatCannotBeAssumedNothingRuns(member: String, arn: String) throws {
        try define(member, arn)
        let (job, log) = try house.run(["true"], ["jobDefinition": "with-role", "retryStrategy": ["attempts": 3]])
        #expect(job["status"]?.string == "FAILED")
        #expect(
            job["statusReason"]?.string
                == "ECS was unable to assume the role '\(arn)' that was provided for this task. Please verify that the role "
                + "being passed has the proper trust relationship and permissions and that your IAM user has permissions "
                + "to pass this role.")
        #expect(job["attempts"] == [] && log == [])
        #expect(job["startedAt"] == nil && job["stoppedAt"]?.integer != nil)
        #expect(job["container"]?["exitCode"] == nil)
        var connection = try house.region.connect()
        #expect(try connection.row("SELECT count(*) FROM access_keys") { row in try row.int(0) } == 0)
    }

    @Test func anArrayEndsWithItsChildrenAndWhatDependsOnIt() throws {
        try define("jobRoleArn", Self.start + "none")
        let array = try house.region.submit(
            ["true"], ["jobDefinition": "with-role", "arrayProperties": ["size": 3]])
        let after = try house.region.submit(["true"], ["dependsOn": [["jobId": .string(array)]]])
        #expect(try house.finish(after)["statusReason"]?.string == "Dependent Job failed")
        let parent = try house.region.describe(array)
        #expect(parent["arrayProperties"]?["statusSummary"]?["FAILED"] == 3)
        #expect(parent["statusReason"]?.string == "Array Child Job failed")
        let child = try house.region.describe(array + ":2")
        #expect(child["statusReason"]?.string?.hasPrefix("ECS was unable to assume the role") == true)
    }

    /// A role's path is not part of its name.
    @Test(arguments: ["open", "a/path/careful"])
    func withOneThatCanItRunsAsThatRole(role: String) throws {
        try define("jobRoleArn", Self.start + role)
        let id = try house.region.submit(["sh", "-c", "echo here; sleep 60"], ["jobDefinition": "with-role"])
        let job = try house.waitForLine("here", of: id)
        let task = try #require(job["container"]?["taskArn"]?.string?.split(separator: "/").last)
        var connection = try house.region.connect()
        let principal = try connection.row("SELECT principal FROM access_keys") { row in try row.text(0) }
        #expect(principal == "assumed-role/\(role.split(separator: "/").last ?? "")/\(task)")
        try house.region.ask("terminatejob", ["jobId": .string(id), "reason": "seen"])
        _ = try house.finish(id)
    }
}

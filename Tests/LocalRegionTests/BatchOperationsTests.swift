import FoundationEssentials
import JSON
import LocalRegion
import PostgreSQL
import TestSupport
import Testing

struct BatchOperationsTests {
    private let region: BatchFixture

    init() throws { region = try BatchFixture() }

    @Test func anAcceptedJobIsInTheLedger() throws {
        let answer = try region.ask(
            "submitjob",
            [
                "jobName": "bp-1", "jobQueue": "arn:aws:batch:us-local-1:000000000000:job-queue/local",
                "jobDefinition": "arn:aws:batch:us-local-1:000000000000:job-definition/plain:1",
                "containerOverrides": [
                    "command": ["echo", "Ref::kept"], "environment": [["name": "A", "value": "1"]],
                    "resourceRequirements": [["type": "VCPU", "value": "2"]],
                ],
                "timeout": ["attemptDurationSeconds": 60], "tags": ["batchport:job": "x"],
                "retryStrategy": ["attempts": 3],
            ])
        let id = try #require(answer?["jobId"]?.string)
        #expect(answer?["jobName"]?.string == "bp-1")
        #expect(answer?["jobArn"]?.string == "arn:aws:batch:us-local-1:000000000000:job/\(id)")

        let job = try region.describe(id)
        #expect(job["status"]?.string == "SUBMITTED")
        #expect(job["jobDefinition"]?.string == "arn:aws:batch:us-local-1:000000000000:job-definition/plain:1")
        #expect(job["timeout"] == ["attemptDurationSeconds": 60])
        #expect(job["retryStrategy"]?["attempts"] == 3)
        #expect(job["tags"] == ["batchport:job": "x"])
        #expect(job["attempts"] == [])
        #expect(job["container"]?["command"] == ["echo", "Ref::kept"])
        #expect(
            job["container"]?["resourceRequirements"]
                == [["value": "2", "type": "VCPU"], ["value": "512", "type": "MEMORY"]])
        for absent in ["startedAt", "stoppedAt", "statusReason", "propagateTags"] { #expect(job[absent] == nil) }
        for absent in ["exitCode", "reason", "logStreamName", "taskArn"] { #expect(job["container"]?[absent] == nil) }

        var connection = try region.connect()
        let entry = try connection.row(
            "SELECT access_key_id, principal, request ->> 'jobName' AS name, created_at FROM jobs WHERE id = \(id)::uuid"
        ) { row in
            #expect(try row.milliseconds("created_at") == Int64(job["createdAt"]?.integer ?? 0))
            return [try row.text("access_key_id"), try row.text("principal"), try row.text("name")]
        }
        #expect(entry == [region.caller.accessKeyID, "first", "bp-1"])
        #expect(throws: PostgresError.self) { try connection.execute("DELETE FROM jobs") }
    }

    @Test(
        arguments: [
            ("jobName", "", "jobName can not be blank"), ("jobName", "-a", "Job name should match valid pattern"),
            ("jobName", .string(String(repeating: "a", count: 129)), "Job name should match valid pattern"),
            ("jobName", "a b", "Job name should match valid pattern"), ("jobName", "a\u{0}", "U+0000"),
            ("jobQueue", "other", "JobQueue other not found"),
            ("jobDefinition", "other", "JobDefinition other not found"),
            ("jobDefinition", "plain:2", "JobDefinition plain:2 not found"),
            ("jobDefinition", "plain:x", "JobDefinition plain:x not found"),
            ("timeout", ["attemptDurationSeconds": 59], "at least 60 seconds"),
            ("containerOverrides", ["command": ["a", ""]], "empty strings"),
            ("containerOverrides", ["environment": [["name": "AWS_BATCH_X", "value": ""]]], "AWS_BATCH"),
            ("containerOverrides", ["resourceRequirements": [["type": "MEMORY", "value": "3"]]], "MEMORY"),
            ("containerOverrides", ["resourceRequirements": [["type": "VCPU", "value": "0.5"]]], "VCPU"),
            ("retryStrategy", ["attempts": 11], "between 1 and 10"),
            ("retryStrategy", ["evaluateOnExit": [["action": "EXIT"]]], "RetryAttempts must be provided"),
            (
                "retryStrategy", ["attempts": 2, "evaluateOnExit": [["action": "EXIT", "onExitCode": "1*2"]]],
                "onExitCode"
            ),
            ("arrayProperties", ["size": 1], "between 2 and 10000"),
            ("arrayProperties", ["size": 10_001], "between 2 and 10000"),
            ("nodeOverrides", ["numNodes": 2], "nodeOverrides is not supported"),
            ("dependsOn", [["jobId": "x"]], "Dependent job x not found"),
            ("dependsOn", [["jobId": "00000000-0000-4000-8000-000000000000"]], "not found"),
            ("dependsOn", [["type": "SEQUENTIAL"]], "of array jobs"), ("dependsOn", [[:]], "must have a jobId"),
            ("dependsOn", [["jobId": "00000000-0000-4000-8000-000000000000", "type": "ALL"]], "not one of N_TO_N"),
            ("dependsOn", .array(Array(repeating: [:], count: 21)), "maximum of 20 jobs"),
            ("schedulingPriorityOverride", 10_000, "between 0 and 9999"),
            ("shareIdentifier", "x", "fair share"),
            ("parameters", ["x": .string(String(repeating: "a", count: 31_000))], "30 KiB"),
        ] as [(String, JSONValue, String)])
    func aWrongRequestIsRefusedAndNothingIsStored(member: String, value: JSONValue, words: String) throws {
        let fault = #expect(throws: LocalFault.self) { try region.submit(["true"], [member: value]) }
        #expect(fault?.status == 400)
        #expect(fault?.code == "ClientException")
        #expect(fault?.message.hasPrefix("Error executing request, Exception : ") == true)
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
        var connection = try region.connect()
        #expect(try connection.row("SELECT count(*) FROM jobs") { row in try row.int(0) } == 0)
    }

    @Test func aWrongTypeIsAnotherError() throws {
        let fault = #expect(throws: LocalFault.self) { try region.submit(["true"], ["jobName": 1]) }
        #expect(fault?.code == "SerializationException")
    }

    @Test func parametersFillTheDefinitionsCommand() throws {
        var admin = try region.database.connect(.migrate)
        try admin.execute(
            """
            INSERT INTO job_definitions (name, revision, image, command, memory_mib, parameters, environment)
            VALUES ('ref', 1, 'x', '{echo,Ref::a,Ref::b}', 64, '{"a": "1"}', '[{"name": "A", "value": "old"}]')
            """)
        let request: [String: JSONValue] = [
            "jobDefinition": "ref", "containerOverrides": ["environment": [["name": "A", "value": "new"]]],
        ]
        let fault = #expect(throws: LocalFault.self) { try region.submit(["Ref"], request) }
        #expect(fault?.message.contains("No parameter found for reference b") == true)
        let job = try region.describe(
            region.submit([], request.merging(["parameters": ["b": "2"]]) { _, new in new }))
        #expect(job["container"]?["command"] == ["echo", "1", "2"])
        #expect(job["container"]?["environment"] == [["name": "A", "value": "new"]])
        #expect(job["parameters"] == ["a": "1", "b": "2"])
    }

    @Test func listsGoByStatusOrByOneFilter() throws {
        let names = ["bp-A", "bp-b", "bp-b2", "other"]
        for name in names { _ = try region.submit(name: name) }
        func list(_ more: JSONValue) throws -> [String] {
            let input = JSONValue.object([.init("jobQueue", "local")] + (more.members ?? []))
            return try region.ask("listjobs", input)?["jobSummaryList"]?.array?.compactMap { $0["jobName"]?.string }
                ?? []
        }
        #expect(try list([:]) == [])
        #expect(try list(["jobStatus": "SUBMITTED"]) == names.reversed())
        #expect(try list(["filters": [["name": "JOB_NAME", "values": ["BP-B"]]]]) == ["bp-b"])
        #expect(try list(["filters": [["name": "JOB_NAME", "values": ["bp-*"]]]]) == ["bp-b2", "bp-b", "bp-A"])
        #expect(try list(["filters": [["name": "JOB_NAME", "values": ["bp_*"]]]]) == [])
        for (definition, count) in [("plain", 4), ("pl*", 4), ("pla", 0), ("plain:2", 0)] {
            #expect(
                try list(["filters": [["name": "JOB_DEFINITION", "values": [.string(definition)]]]]).count == count)
        }
        #expect(throws: LocalFault.self) {
            try list(["filters": [["name": "AFTER_CREATED_AT", "values": ["yesterday"]]]])
        }
        #expect(throws: LocalFault.self) { try list(["jobStatus": "running"]) }
        #expect(throws: LocalFault.self) { try region.ask("listjobs", [:]) }
        #expect(throws: LocalFault.self) { try region.ask("listjobs", ["jobQueue": "none"]) }
    }

    @Test func aListComesInPages() throws {
        for number in 0..<5 { _ = try region.submit(name: "page-\(number)") }
        var seen: [String] = []
        var input: JSONValue = ["jobQueue": "local", "jobStatus": "SUBMITTED", "maxResults": 2]
        for expected in [2, 2, 1] {
            let page = try #require(try region.ask("listjobs", input))
            let names = page["jobSummaryList"]?.array?.compactMap { $0["jobName"]?.string } ?? []
            #expect(names.count == expected)
            seen += names
            guard let token = page["nextToken"]?.string, let members = input.members else { continue }
            input = .object(members.filter { $0.name != "nextToken" } + [.init("nextToken", .string(token))])
        }
        #expect(seen == (0..<5).reversed().map { "page-\($0)" })
        #expect(throws: LocalFault.self) {
            try region.ask("listjobs", ["jobQueue": "local", "nextToken": "x"])
        }
    }

    @Test func describingKnowsAtMostAHundredAndLeavesUnknownOnesOut() throws {
        let id = try region.submit()
        let asked = JSONValue.array([.string(id), .string(UUID().uuidString), "not-an-id"])
        #expect(try region.ask("describejobs", ["jobs": asked])?["jobs"]?.array?.count == 1)
        let fault = #expect(throws: LocalFault.self) {
            try region.ask("describejobs", ["jobs": .array(Array(repeating: .string(id), count: 101))])
        }
        #expect(fault?.message.contains("Maximum number of jobs supported is  100") == true)
    }

    @Test(arguments: ["canceljob", "terminatejob"])
    func whatHasNotStartedEndsAtOnce(operation: String) throws {
        let id = try region.submit()
        #expect(try region.ask(operation, ["jobId": .string(id), "reason": "Ann wants it"]) == nil)
        let job = try region.describe(id)
        #expect(job["status"]?.string == "FAILED")
        #expect(job["statusReason"]?.string == "Ann wants it")
        #expect(job["isTerminated"]?.bool == (operation == "terminatejob"))
        #expect(job["isCancelled"]?.bool == (operation == "canceljob"))
        #expect(job["stoppedAt"]?.integer != nil)
        // A second time changes nothing and is no error.
        #expect(try region.ask(operation, ["jobId": .string(id), "reason": "again"]) == nil)
        #expect(try region.describe(id) == job)
        for input: JSONValue in [
            ["jobId": .string(UUID().uuidString), "reason": "x"], ["jobId": .string(id)],
            ["jobId": .string(id), "reason": .string(String(repeating: "x", count: 1025))],
        ] {
            #expect(throws: LocalFault.self) { try region.ask(operation, input) }
        }
    }

    @Test func definitionsAndQueues() throws {
        let all = try region.ask("describejobdefinitions", ["status": "ACTIVE"])?["jobDefinitions"]?.array ?? []
        #expect(all.compactMap { $0["jobDefinitionName"]?.string } == ["batchport-runner", "plain"])
        #expect(all[0]["tags"] == ["batchport:runner": "1"])
        #expect(all[0]["timeout"] == ["attemptDurationSeconds": 3600])
        #expect(all[1]["timeout"] == nil)
        for name in ["plain", "plain:1", "arn:aws:batch:us-local-1:000000000000:job-definition/plain:1"] {
            let found = try region.ask("describejobdefinitions", ["jobDefinitions": [.string(name), "none"]])
            #expect(found?["jobDefinitions"]?.array?.count == 1)
        }
        let first = try region.ask("describejobdefinitions", ["maxResults": 1])
        let second = try region.ask(
            "describejobdefinitions", ["maxResults": 1, "nextToken": first?["nextToken"] ?? .null])
        #expect(second?["jobDefinitions"]?[0]?["jobDefinitionName"]?.string == "plain")
        #expect(second?["nextToken"] == nil)

        let queue = try region.ask("describejobqueues", ["jobQueues": ["local"]])?["jobQueues"]?[0]
        #expect(queue?["state"]?.string == "ENABLED")
        #expect(queue?["status"]?.string == "VALID")
        #expect(try region.ask("describejobqueues", ["jobQueues": ["none"]])?["jobQueues"] == [])
        #expect(throws: LocalFault.self) { try region.ask("createjobqueue", [:]) }
    }
}

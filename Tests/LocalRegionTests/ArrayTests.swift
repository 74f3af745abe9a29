import FoundationEssentials
import JSON
import LocalRegion
import PostgreSQL
import TestSupport
import Testing

struct ArrayTests {
    private let house: ExecutorFixture
    private var region: BatchFixture { house.region }

    init() throws { house = try ExecutorFixture() }

    private func submit(_ command: [String] = ["true"], size: Int, _ more: [String: JSONValue] = [:]) throws -> String {
        try region.submit(command, memoryMiB: 64, more.merging(["arrayProperties": ["size": JSONValue(size)]]) { $1 })
    }

    private func list(_ array: String, _ status: String) throws -> [JSONValue] {
        try region.ask("listjobs", ["arrayJobId": .string(array), "jobStatus": .string(status)])?["jobSummaryList"]?
            .array
            ?? []
    }

    @Test func tenThousandChildrenAreAcceptedAndListedInPages() throws {
        let id = try submit(size: 10_000)
        let parent = try region.describe(id)
        #expect(parent["status"] == "SUBMITTED")
        #expect(parent["arrayProperties"]?["size"] == 10_000)
        #expect(parent["arrayProperties"]?["statusSummary"]?["SUBMITTED"] == 10_000)
        #expect(parent["arrayProperties"]?["statusSummary"]?["FAILED"] == 0)

        var indexes: [Int] = []
        var pages = 0
        var input: JSONValue = ["arrayJobId": .string(id), "jobStatus": "SUBMITTED"]
        while true {
            let page = try #require(try region.ask("listjobs", input))
            indexes += page["jobSummaryList"]?.array?.compactMap { $0["arrayProperties"]?["index"]?.integer } ?? []
            pages += 1
            guard let token = page["nextToken"], let members = input.members else { break }
            input = .object(members.filter { $0.name != "nextToken" } + [.init("nextToken", token)])
        }
        #expect(indexes == Array(0..<10_000))
        #expect(pages == 10)
        // The parent alone is in the queue and in the ledger by name.
        let queued = try region.ask("listjobs", ["jobQueue": "local", "jobStatus": "SUBMITTED"])
        #expect(queued?["jobSummaryList"]?.array?.map { $0["jobId"]?.string } == [id])
        var connection = try region.connect()
        #expect(try connection.row("SELECT count(*) FROM jobs WHERE name = 'test'") { row in try row.int(0) } == 1)
    }

    @Test func childrenAreKnownByTheirIndexOnly() throws {
        let id = try submit(["echo", "x"], size: 2, ["tags": ["a": "b"]])
        let child = try region.describe(id + ":1")
        #expect(child["jobId"]?.string == id + ":1")
        #expect(child["jobArn"]?.string?.hasSuffix(":job/\(id):1") == true)
        #expect(child["arrayProperties"] == ["index": 1])
        #expect(child["jobName"] == "test")
        #expect(child["container"]?["command"] == ["echo", "x"])
        #expect(child["tags"] == ["a": "b"])
        for unknown in [id + ":2", id + ":01", id + ":-1", id + ":", id + ":1:1"] {
            #expect(try region.describe(unknown) == .null)
        }
        var connection = try region.connect()
        let row = try connection.row("SELECT id FROM jobs WHERE array_index = 1") { row in try row.uuid(0) }
        #expect(try region.describe(#require(row).uuidString) == .null)
        #expect(throws: LocalFault.self) { try region.ask("listjobs", ["arrayJobId": .string(id + ":1")]) }
        let single = try region.submit()
        #expect(throws: LocalFault.self) { try region.ask("listjobs", ["arrayJobId": .string(single)]) }
    }

    @Test func aParentWaitsForAllAndFailsWithOne() throws {
        let code =
            "echo $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ARRAY_INDEX/$AWS_BATCH_JOB_ARRAY_SIZE; "
            + "exit $((AWS_BATCH_JOB_ARRAY_INDEX == 1 ? 6 : 0))"
        let id = try submit(["sh", "-c", code], size: 3, ["retryStrategy": ["attempts": 2]])
        try house.start()
        let parent = try house.finish(id)
        #expect(parent["status"] == "FAILED")
        #expect(parent["statusReason"] == "Array Child Job failed")
        #expect(parent["stoppedAt"]?.integer != nil)
        #expect(parent["arrayProperties"]?["statusSummary"]?["SUCCEEDED"] == 2)
        #expect(parent["arrayProperties"]?["statusSummary"]?["FAILED"] == 1)
        #expect(parent["attempts"] == [])

        let failed = try list(id, "FAILED")
        #expect(failed.map { $0["jobId"]?.string } == [id + ":1"])
        #expect(failed.first?["container"]?["exitCode"] == 6)
        #expect(failed.first?["statusReason"] == "Essential container in task exited")
        #expect(failed.first?["arrayProperties"]?["index"] == 1)
        #expect(try list(id, "SUCCEEDED").count == 2)
        #expect(try list(id, "RUNNING") == [])
        let child = try region.describe(id + ":1")
        #expect(child["attempts"]?.array?.count == 2)
        #expect(try house.log(child) == ["\(id):1 1/3"])
        #expect(try house.log(region.describe(id + ":0")) == ["\(id):0 0/3"])
    }

    @Test func anArraySucceedsWhenAllDo() throws {
        try house.start()
        let id = try submit(size: 2)
        let parent = try house.finish(id)
        #expect(parent["status"] == "SUCCEEDED")
        #expect(parent["statusReason"] == nil)
    }

    @Test func whileChildrenRunTheParentIsPending() throws {
        let id = try submit(["sh", "-c", "echo ready; sleep 60"], size: 2)
        try house.start()
        _ = try house.waitForLine("ready", of: id + ":0")
        #expect(try region.describe(id)["status"] == "PENDING")
        // One child alone, then all.
        try region.ask("terminatejob", ["jobId": .string(id + ":0"), "reason": "one"])
        #expect(try house.finish(id + ":0")["statusReason"] == "one")
        _ = try house.waitForLine("ready", of: id + ":1")
        try region.ask("canceljob", ["jobId": .string(id), "reason": "has no effect on what runs"])
        #expect(try region.describe(id + ":1")["status"] == "RUNNING")
        try region.ask("terminatejob", ["jobId": .string(id), "reason": "all"])
        #expect(try house.finish(id)["status"] == "FAILED")
        #expect(try region.describe(id + ":1")["statusReason"] == "all")
        #expect(try region.describe(id + ":1")["isTerminated"] == true)
    }

    @Test(arguments: ["canceljob", "terminatejob"])
    func stoppingTheParentTakesAllThatHaveNotStarted(operation: String) throws {
        let id = try submit(size: 1000)
        try region.ask(operation, ["jobId": .string(id + ":7"), "reason": "one"])
        #expect(try region.describe(id)["arrayProperties"]?["statusSummary"]?["FAILED"] == 1)
        try region.ask(operation, ["jobId": .string(id), "reason": "all"])
        let parent = try region.describe(id)
        #expect(parent["status"] == "FAILED")
        #expect(parent["statusReason"] == "all")
        #expect(parent["arrayProperties"]?["statusSummary"]?["FAILED"] == 1000)
        #expect(try region.describe(id + ":7")["statusReason"] == "one")
        #expect(try region.describe(id + ":999")["statusReason"] == "all")
    }

    // MARK: - Dependencies

    @Test func aJobWaitsForWhatItNeedsAndFailsWithIt() throws {
        let first = try region.submit(["sh", "-c", "sleep 0.3; exit 0"])
        let bad = try region.submit(["false"])
        let after = try region.submit(["true"], ["dependsOn": [["jobId": .string(first)]]])
        let never = try region.submit(["true"], ["dependsOn": [["jobId": .string(after)], ["jobId": .string(bad)]]])
        let array = try submit(size: 2, ["dependsOn": [["jobId": .string(bad)]]])
        #expect(try region.describe(after)["dependsOn"] == [["jobId": .string(first)]])
        try house.start()
        let (one, two) = (try house.finish(first), try house.finish(after))
        #expect(two["status"] == "SUCCEEDED")
        #expect(try #require(two["startedAt"]?.integer) >= #require(one["stoppedAt"]?.integer))
        for id in [never, array + ":0", array] {
            let job = try house.finish(id)
            #expect(job["status"] == "FAILED")
            #expect(job["statusReason"] == "Dependent Job failed")
            #expect(job["attempts"] == [])
        }
    }

    @Test func childrenInSequenceAndChildrenByIndex() throws {
        let (first, second) = (
            try submit(["sh", "-c", "sleep 0.1"], size: 3, ["dependsOn": [["type": "SEQUENTIAL"]]]),
            try submit(["sh", "-c", "exit $AWS_BATCH_JOB_ARRAY_INDEX"], size: 3)
        )
        let byIndex = try submit(size: 3, ["dependsOn": [["jobId": .string(second), "type": "N_TO_N"]]])
        #expect(throws: LocalFault.self) {
            try submit(size: 4, ["dependsOn": [["jobId": .string(second), "type": "N_TO_N"]]])
        }
        try house.start()
        for id in [first, second, byIndex] { _ = try house.finish(id) }
        let order = try (0..<3).map { try region.describe("\(first):\($0)") }
        for (before, after) in zip(order, order.dropFirst()) {
            #expect(try #require(after["startedAt"]?.integer) >= #require(before["stoppedAt"]?.integer))
        }
        let ends = try (0..<3).map { try region.describe("\(byIndex):\($0)")["statusReason"]?.string }
        #expect(ends == ["Essential container in task exited", "Dependent Job failed", "Dependent Job failed"])
    }

    // MARK: - What jobs ask for

    @Test func jobsWithGPUsRunWhereThereAreSome() throws {
        let needs: JSONValue = ["command": ["sleep", "0.2"], "resourceRequirements": [["type": "GPU", "value": "2"]]]
        let ids = try (0..<2).map { _ in try region.submit([], ["containerOverrides": needs]) }
        let tooLarge = try region.submit(
            [], ["containerOverrides": ["resourceRequirements": [["type": "GPU", "value": "4"]]]])
        house.configuration.gpus = 3
        try house.start()
        let (one, two) = (try house.finish(ids[0]), try house.finish(ids[1]))
        #expect(one["status"] == "SUCCEEDED")
        #expect(try #require(two["startedAt"]?.integer) >= #require(one["stoppedAt"]?.integer))
        let waiting = try region.describe(tooLarge)
        #expect(waiting["statusReason"]?.string?.hasPrefix("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT") == true)
    }

    @Test func sharesBelongToFairShareQueues() throws {
        var admin = try region.database.connect(.migrate)
        try admin.execute(
            """
            INSERT INTO job_queues (name, scheduling_policy)
            VALUES ('fair', 'arn:aws:batch:us-local-1:000000000000:scheduling-policy/fair')
            """)
        let share: [String: JSONValue] = ["shareIdentifier": "lab1", "schedulingPriorityOverride": 7]
        let id = try region.submit(["true"], share.merging(["jobQueue": "fair"]) { $1 })
        #expect(try region.describe(id)["shareIdentifier"] == "lab1")
        #expect(try region.describe(id)["schedulingPriority"] == 7)
        for wrong: [String: JSONValue] in [
            ["jobQueue": "fair"], ["shareIdentifier": "lab1"], ["jobQueue": "fair", "shareIdentifier": "lab 1"],
        ] {
            #expect(throws: LocalFault.self) { try region.submit(["true"], wrong) }
        }
        let found = try region.ask(
            "listjobs", ["jobQueue": "fair", "filters": [["name": "SHARE_IDENTIFIER", "values": ["lab1"]]]])
        #expect(found?["jobSummaryList"]?[0]?["shareIdentifier"] == "lab1")
    }
}

import AWS
import JSON
import TestSupport
import Testing

/// Answers as services and their imitations give them: fractions for whole numbers, nulls, absent members.
struct ReadingTests {
    private func answer<R>(_ bodies: [String], _ call: (inout AWSClient) throws -> R) throws -> (R, [LoopbackRequest]) {
        let turn = Turn()
        return try LoopbackServer.run { connection in
            while try connection.readRequest() != nil {
                try connection.answer(200, ["ETag: \"e\""], bodies[min(turn.next(), bodies.count - 1)])
            }
        } _: { server in
            var client = try AWSClient.once(to: server)
            let result = try call(&client)
            return (result, server.requests)
        }
    }

    @Test func aJob() throws {
        let body = """
            {"jobs":[{"jobId":"j","jobName":"n","jobQueue":"q","jobDefinition":"d:1","status":"FAILED",
            "statusReason":"Essential container in task exited","createdAt":1795344747000.0,"startedAt":1795344748000,
            "stoppedAt":null,"isTerminated":true,"tags":{"batchport:job":"x"},"arrayProperties":{},"dependsOn":null,
            "container":{"exitCode":137.0,"reason":"OutOfMemoryError: Container killed due to memory usage",
            "logStreamName":"d/default/1","vcpus":1.0},
            "attempts":[{"startedAt":0,"container":{"exitCode":1}},{"statusReason":"Host EC2 (instance i-0) terminated."}]}]}
            """
        let (jobs, _) = try answer([body]) { try $0.describeJobs(["j"], by: .example, in: "us-local-1") }
        let job = try #require(jobs.first)
        #expect(job.status == "FAILED" && job.createdAt == 1_795_344_747_000 && job.startedAt == 1_795_344_748_000)
        #expect(job.stoppedAt == nil && job.isTerminated == true && job.isCancelled == nil)
        #expect(job.container?.exitCode == 137 && job.container?.logStreamName == "d/default/1")
        #expect(job.tags == ["batchport:job": "x"] && job.arrayProperties == nil)
        #expect(job.attempts.count == 2)
        #expect(job.attempts[0].startedAt == nil && job.attempts[0].container?.exitCode == 1)
        #expect(job.attempts[1].container == nil && job.attempts[1].statusReason?.hasPrefix("Host EC2") == true)
    }

    @Test func aJobOfAnECSDefinition() throws {
        let container = "{\"name\":\"main\",\"exitCode\":3,\"logStreamName\":\"s\"}"
        let body = """
            {"jobs":[{"jobId":"j","status":"FAILED","ecsProperties":{"taskProperties":[{"containers":[\(container)]}]},
            "attempts":[{"taskProperties":[{"taskArn":"t","containers":[\(container)]}]}],
            "arrayProperties":{"index":3}}]}
            """
        let (jobs, _) = try answer([body]) { try $0.describeJobs(["j"], by: .example, in: "us-local-1") }
        #expect(jobs.first?.container?.exitCode == 3)
        #expect(jobs.first?.attempts.first?.container?.logStreamName == "s")
        #expect(jobs.first?.arrayProperties?["index"]?.integer == 3)
    }

    @Test func aJobThatCannotBeReadIsNotLeftOut() throws {
        let error = #expect(throws: AWSError.self) {
            try answer(["{\"jobs\":[{\"jobId\":\"j\"}]}"]) {
                try $0.describeJobs(["j"], by: .example, in: "us-local-1")
            }
        }
        #expect(error?.code == "UnreadableAnswer")
    }

    @Test func noIdsNoRequestAndAtMostAHundred() throws {
        let (jobs, requests) = try answer(["{}"]) { try $0.describeJobs([], by: .example, in: "us-local-1") }
        #expect(jobs.isEmpty && requests.isEmpty)
        let ids = (0..<101).map { "\($0)" }
        let error = #expect(throws: AWSError.self) {
            try answer(["{}"]) { try $0.describeJobs(ids, by: .example, in: "us-local-1") }
        }
        #expect(error?.code == "BadArgument")
    }

    @Test func jobsOfOneNameOnAllPages() throws {
        func page(_ names: [String], _ token: String) -> String {
            let jobs = names.map { "{\"jobId\":\"id-\($0)\",\"jobName\":\"\($0)\",\"status\":\"RUNNING\"}" }
            return "{\"jobSummaryList\":[\(jobs.joined(separator: ","))],\"nextToken\":\(token)}"
        }
        let pages = [page(["bp-1", "BP-1"], "\"t1\""), page([], "\"t2\""), page(["bp-1", "bp-10"], "null")]
        let (jobs, requests) = try answer(pages) {
            try $0.listJobs(named: "bp-1", queue: "q", by: .example, in: "us-local-1")
        }
        #expect(jobs.map(\.jobID) == ["id-bp-1", "id-bp-1"])
        let sent = try requests.map { try JSONValue.parse($0.body) }
        #expect(sent.map { $0["nextToken"]?.string } == [nil, "t1", "t2"])
        #expect(
            sent.allSatisfy { $0["filters"] == [["name": "JOB_NAME", "values": ["bp-1"]]] && $0["jobQueue"] == "q" })
        #expect(sent.allSatisfy { $0["jobStatus"] == nil })
    }

    @Test func aTokenThatRepeatsIsTheEnd() throws {
        let body = "{\"jobSummaryList\":[],\"nextToken\":\"t\"}"
        let (_, requests) = try answer([body]) {
            try $0.listJobs(named: "n", queue: "q", by: .example, in: "us-local-1")
        }
        #expect(requests.count == 2)
    }

    @Test func terminatingAnswersNothing() throws {
        let (_, requests) = try answer([""]) {
            try $0.terminateJob("j", reason: String(repeating: "é", count: 2000), by: .example, in: "us-local-1")
        }
        let sent = try JSONValue.parse(try #require(requests.first).body)
        #expect(sent["jobId"] == "j" && sent["reason"]?.string?.count == 1024)
    }

    @Test func definitionsNewestFirst() throws {
        func definition(_ revision: Int) -> String {
            "{\"jobDefinitionArn\":\"arn:aws:batch:r:1:job-definition/d:\(revision)\",\"jobDefinitionName\":\"d\","
                + "\"revision\":\(revision).0,\"status\":\"ACTIVE\",\"type\":\"container\",\"platformCapabilities\":null,"
                + "\"tags\":{\"batchport:runner\":\"1\"},\"timeout\":{\"attemptDurationSeconds\":3600.0}}"
        }
        let body = "{\"jobDefinitions\":[\(definition(2)),\(definition(10)),\(definition(9))]}"
        let (found, requests) = try answer([body]) {
            try $0.describeJobDefinitions("d", by: .example, in: "us-local-1")
        }
        #expect(found.map(\.revision) == [10, 9, 2])
        #expect(found.first?.tags["batchport:runner"] == "1" && found.first?.timeoutSeconds == 3600)
        #expect(
            try JSONValue.parse(try #require(requests.first).body) == ["jobDefinitionName": "d", "status": "ACTIVE"])
        let (_, byARN) = try answer([body]) { try $0.describeJobDefinitions("d:2", by: .example, in: "us-local-1") }
        #expect(try JSONValue.parse(try #require(byARN.first).body) == ["jobDefinitions": ["d:2"]])
    }

    @Test func aPageOfALog() throws {
        let body =
            "{\"events\":[{\"timestamp\":1795344747000.0,\"message\":\"a\\u00e9\",\"ingestionTime\":1}],"
            + "\"nextForwardToken\":\"f/1\",\"nextBackwardToken\":\"b/1\"}"
        let (page, requests) = try answer([body]) {
            try $0.logEvents(group: "g", stream: "s", token: "f/0", limit: 5, by: .example, in: "us-local-1")
        }
        #expect(page.events.map(\.timestamp) == [1_795_344_747_000] && page.events.map(\.message) == ["aé"])
        #expect(page.nextForwardToken == "f/1")
        let request = try #require(requests.first)
        #expect(request.header("x-amz-target") == "Logs_20140328.GetLogEvents")
        let sent: JSONValue = [
            "logGroupName": "g", "logStreamName": "s", "startFromHead": true, "limit": 5, "nextToken": "f/0",
        ]
        #expect(try JSONValue.parse(request.body).text == sent.text)
    }

    @Test func whoseKeyItIs() throws {
        let body = """
            <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
              <Arn>arn:aws:iam::123456789012:root</Arn><UserId>123456789012</UserId><Account>123456789012</Account>
            </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>
            """
        let (identity, requests) = try answer([body]) { try $0.callerIdentity(by: .example, in: "us-local-1") }
        #expect(identity.account == "123456789012" && identity.isRoot)
        #expect(requests.first?.body == Array("Action=GetCallerIdentity&Version=2011-06-15".utf8))
    }

    @Test func aStacksOutputs() throws {
        let body = """
            <DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
              <member><StackName>genomics</StackName><StackId>arn:aws:cloudformation:us-local-1:1:stack/genomics/1</StackId>
              <StackStatus>UPDATE_COMPLETE</StackStatus><Parameters><member><ParameterKey>a</ParameterKey></member></Parameters>
              <Outputs><member><OutputKey>ioBucket</OutputKey><OutputValue>b&amp;c</OutputValue></member>
              <member><OutputKey>prefix</OutputKey><OutputValue>p/</OutputValue><Description>d</Description></member></Outputs>
              </member></Stacks></DescribeStacksResult></DescribeStacksResponse>
            """
        let (stack, requests) = try answer([body]) { try $0.stack("genomics", by: .example, in: "us-local-1") }
        #expect(stack.outputs == ["ioBucket": "b&c", "prefix": "p/"] && stack.isReady)
        #expect(
            requests.first?.body == Array("Action=DescribeStacks&Version=2010-05-15&StackName=genomics".utf8))
    }

    @Test func aStackWithoutOutputsAndNoStack() throws {
        let bare = """
            <DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>a</StackName><StackId>i</StackId>
            <StackStatus>CREATE_IN_PROGRESS</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>
            """
        let (stack, _) = try answer([bare]) { try $0.stack("a", by: .example, in: "us-local-1") }
        #expect(stack.outputs.isEmpty && !stack.isReady)
        let none =
            "<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"
        #expect(throws: AWSError.self) {
            try answer([none]) { try $0.stack("a", by: .example, in: "us-local-1") }
        }
    }
}

import AWS
import HTTPClient
import JSON
import TestSupport
import Testing

/// SubmitJob has no idempotency token: one request, on a connection of its own, and an honest word on what became of it.
struct SubmitJobTests {
    private let input = SubmitJobInput(jobName: "bp-1", jobQueue: "local", jobDefinition: "plain:1")

    private func failure(
        requests: Int = 1, _ serve: @escaping @Sendable (inout LoopbackConnection) throws -> Void
    ) throws -> AWSError? {
        let (server, error) = try LoopbackServer.run(serve) { server in
            var client = try AWSClient.retrying(to: server)
            client.times.call = 500
            let error = #expect(throws: AWSError.self) { try client.submitJob(input, by: .example, in: "us-local-1") }
            return (server, error)
        }
        #expect(server.requests.count == requests && server.connections == 1)
        return error
    }

    @Test func anAcceptedJob() throws {
        try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            try connection.answer(200, [], "{\"jobArn\":\"arn:x\",\"jobId\":\"j-1\",\"jobName\":\"bp-1\"}")
        } _: { server in
            var client = try AWSClient.once(to: server)
            let job = try client.submitJob(input, by: .example, in: "us-local-1")
            #expect(job.jobID == "j-1" && job.jobARN == "arn:x" && job.jobName == "bp-1")
            #expect(server.requests.first?.line == "POST /v1/submitjob HTTP/1.1")
        }
    }

    @Test func droppedAfterTheRequestWasRead() throws {
        let error = try failure { _ = try $0.readRequest() }
        #expect(error?.outcome == .unknown && error?.code == "NoAnswer" && error?.status == nil)
    }

    @Test func resetAfterTheRequestWasRead() throws {
        let error = try failure {
            _ = try $0.readRequest()
            $0.resetOnClose()
        }
        #expect(error?.outcome == .unknown)
    }

    @Test func droppedBeforeTheRequestWasRead() throws {
        let error = try failure(requests: 0) { $0.resetOnClose() }
        // Whether the bytes had left when the reset came is the kernel's secret; where they had not, it is a no.
        #expect(error?.code == "NoAnswer")
    }

    /// A process that was stopped between its last look at the clock and this.
    @Test func aBodyThatWouldLeaveTooLateStays() throws {
        let (server, error) = try LoopbackServer.run {
            _ = try $0.readRequest()
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            let error = #expect(throws: AWSError.self) {
                try client.submitJob(input, by: .example, in: "us-local-1", notAfter: .now - .seconds(1))
            }
            return (server, error)
        }
        #expect(server.requests.isEmpty)
        #expect(error?.outcome == .refused && error?.code == "NoAnswer")
    }

    @Test func nobodyListens() throws {
        let server = try LoopbackServer.run({ _ in }) { $0 }
        var client = try AWSClient.retrying(to: server)
        let error = #expect(throws: AWSError.self) { try client.submitJob(input, by: .example, in: "us-local-1") }
        #expect(error?.outcome == .refused && error?.code == "NoAnswer")
    }

    @Test func nothingComesBack() throws {
        let error = try failure {
            _ = try $0.readRequest()
            try $0.waitForClose()
        }
        #expect(error?.outcome == .unknown)
    }

    @Test func halfAnAnswer() throws {
        let error = try failure {
            _ = try $0.readRequest()
            try $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"jobId\":\"j")
        }
        #expect(error?.outcome == .unknown)
    }

    @Test(arguments: ["", "{}", "{\"jobId\":\"\"}", "{\"jobId\":null}", "<html></html>", "[]"])
    func anAnswerWithoutAnID(body: String) throws {
        let error = try failure {
            _ = try $0.readRequest()
            try $0.answer(200, [], body)
        }
        #expect(error?.outcome == .unknown && error?.code == "UnreadableAnswer")
    }

    @Test(arguments: [500, 502, 503, 504, 302])
    func anAnswerThatIsNoNo(status: Int) throws {
        let error = try failure {
            _ = try $0.readRequest()
            try $0.answer(status, ["x-amz-retry-after: 0"], "{\"message\":\"?\"}")
        }
        #expect(error?.outcome == .unknown && error?.status == status)
    }

    @Test(arguments: [
        (429, "TooManyRequestsException", true), (400, "ClientException", false), (403, "AccessDeniedException", false),
        (400, "ThrottlingException", true),
    ])
    func aDefiniteNo(status: Int, code: String, isThrottling: Bool) throws {
        let error = try failure {
            _ = try $0.readRequest()
            try $0.answer(status, ["x-amzn-ErrorType: \(code)", "x-amz-retry-after: 0"], "{\"message\":\"no\"}")
        }
        #expect(error?.outcome == .refused && error?.code == code && error?.isThrottling == isThrottling)
    }

    /// Other calls correct their clock and go on; this one says no.
    @Test func aWrongClockIsANo() throws {
        let error = try failure {
            _ = try $0.readRequest()
            let headers = ["x-amzn-ErrorType: InvalidSignatureException", "Date: Tue, 25 Nov 2025 18:00:00 GMT"]
            try $0.answer(403, headers, "{\"message\":\"Signature expired\"}")
        }
        #expect(error?.outcome == .refused && error?.code == "InvalidSignatureException")
    }

    /// A kept connection that the server has given up is where HTTP libraries send twice.
    @Test func aKeptConnectionIsNotUsed() throws {
        let server = try LoopbackServer.run { connection in
            _ = try connection.readRequest()
            guard connection.index == 0 else { return }
            try connection.answer(200, [], "{\"jobs\":[]}")
            _ = try connection.readRequest()
        } _: { server in
            var client = try AWSClient.retrying(to: server)
            _ = try client.describeJobs(["a"], by: .example, in: "us-local-1")
            let error = #expect(throws: AWSError.self) { try client.submitJob(input, by: .example, in: "us-local-1") }
            #expect(error?.outcome == .unknown)
            return server
        }
        #expect(server.requests.map(\.line) == ["POST /v1/describejobs HTTP/1.1", "POST /v1/submitjob HTTP/1.1"])
        #expect(server.connections == 2)
    }

    @Test func whatIsSent() {
        var input = input
        input.command = ["echo", "a b"]
        input.environment = [("NAME", "value")]
        input.vcpus = "0.25"
        input.memoryMiB = 512
        input.timeoutSeconds = 60
        input.tags = ["batchport:job": "1"]
        input.retry = .init(attempts: 2, rules: [.init(onStatusReason: "Host EC2*", action: "RETRY")])
        let overrides: JSONValue = [
            "command": ["echo", "a b"], "environment": [["name": "NAME", "value": "value"]],
            "resourceRequirements": [["type": "VCPU", "value": "0.25"], ["type": "MEMORY", "value": "512"]],
        ]
        #expect(
            input.json == [
                "jobName": "bp-1", "jobQueue": "local", "jobDefinition": "plain:1", "containerOverrides": overrides,
                "retryStrategy": [
                    "attempts": 2, "evaluateOnExit": [["onStatusReason": "Host EC2*", "action": "RETRY"]],
                ],
                "timeout": ["attemptDurationSeconds": 60], "tags": ["batchport:job": "1"],
            ])
        #expect(input.overridesLength == overrides.text.utf8.count)
        input.containerName = "main"
        let placed = input.json["ecsPropertiesOverride"]?["taskProperties"]?[0]?["containers"]?[0]
        #expect(placed?["name"] == "main" && placed?["command"] == ["echo", "a b"])
        #expect(input.json["containerOverrides"] == nil)
    }

    @Test func whatIsNotSaidIsNotSent() {
        #expect(input.json == ["jobName": "bp-1", "jobQueue": "local", "jobDefinition": "plain:1"])
    }
}

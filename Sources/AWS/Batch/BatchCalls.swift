internal import HTTPClient
internal import JSON

extension AWSClient {
    /// Sends exactly one request, on a connection of its own: SubmitJob has no idempotency token. After an `.unknown`
    /// failure the job may exist: look for its name with `listJobs` before sending again.
    /// - Parameter notAfter: the last moment at which the request's body may leave. A process that was stopped in
    ///   between finds that out here; nothing has been submitted then.
    package mutating func submitJob(
        _ input: SubmitJobInput, by credentials: AWSCredentials, in region: String,
        notAfter: ContinuousClock.Instant? = nil
    ) throws(AWSError) -> SubmittedJob {
        var call = Call.batch("SubmitJob", input.json)
        call.isOnce = true
        call.notAfter = notAfter
        let body = try json(call, credentials, region)
        guard let jobID = body["jobId"]?.nonEmpty else { throw call.unreadable("It has no jobId.") }
        return SubmittedJob(
            jobID: jobID, jobARN: body["jobArn"]?.nonEmpty, jobName: body["jobName"]?.string ?? input.jobName)
    }

    /// At most 100 ids; those that AWS does not know (any more) are just absent.
    package mutating func describeJobs(
        _ ids: [String], by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [JobDetail] {
        let call = Call.batch("DescribeJobs", ["jobs": JSONValue(ids)])
        guard ids.count <= 100 else { throw call.failure("BadArgument", "DescribeJobs takes at most 100 ids.") }
        guard !ids.isEmpty else { return [] }
        let found = try json(call, credentials, region)["jobs"]?.array ?? []
        return try found.map { raw throws(AWSError) in
            guard let job = JobDetail(raw) else { throw call.unreadable("A job has no jobId or status.") }
            return job
        }
    }

    /// Every job of exactly this name in the queue, whatever its status, the newest first.
    package mutating func listJobs(
        named name: String, queue: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [JobSummary] {
        let filter: JSONValue = ["name": "JOB_NAME", "values": [.string(name)]]
        let input: [JSONValue.Member] = [
            .init("jobQueue", .string(queue)), .init("filters", [filter]), .init("maxResults", 100),
        ]
        // The filter does not tell upper from lower case.
        return try pages("ListJobs", input, "jobSummaryList", credentials, region)
            .compactMap(JobSummary.init).filter { Array($0.jobName.utf8) == Array(name.utf8) }
    }

    /// Every job of the queue that AWS accepted after that time (in milliseconds since the epoch), whatever its name and
    /// status.
    package mutating func listJobs(
        createdAfter time: Int64, queue: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [JobSummary] {
        let filter: JSONValue = ["name": "AFTER_CREATED_AT", "values": [.string(String(time))]]
        let input: [JSONValue.Member] = [
            .init("jobQueue", .string(queue)), .init("filters", [filter]), .init("maxResults", 100),
        ]
        return try pages("ListJobs", input, "jobSummaryList", credentials, region).compactMap(JobSummary.init)
    }

    /// Ends a job of any status; one that has ended, or is not known, is no error. `reason` becomes its `statusReason`,
    /// cut to 1,024 characters.
    package mutating func terminateJob(
        _ id: String, reason: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) {
        let shown = reason.isEmpty ? "Terminated" : String(reason.prefix(1024))
        let call = Call.batch("TerminateJob", ["jobId": .string(id), "reason": .string(shown)])
        _ = try answer(call, credentials, region)
    }

    /// By ARN or name:revision that one; by name all its active revisions, the newest first.
    package mutating func describeJobDefinitions(
        _ arnOrName: String, by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [JobDefinition] {
        let input: [JSONValue.Member] =
            arnOrName.contains(":")
            ? [.init("jobDefinitions", [.string(arnOrName)])]
            : [.init("jobDefinitionName", .string(arnOrName)), .init("status", "ACTIVE")]
        return try pages("DescribeJobDefinitions", input, "jobDefinitions", credentials, region)
            .compactMap(JobDefinition.init).sorted { $0.revision > $1.revision }
    }

    /// By names or ARNs, at most 100; those that AWS does not know are just absent.
    package mutating func describeJobQueues(
        _ queues: [String], by credentials: AWSCredentials, in region: String
    ) throws(AWSError) -> [JobQueue] {
        try pages("DescribeJobQueues", [.init("jobQueues", JSONValue(queues))], "jobQueues", credentials, region)
            .compactMap(JobQueue.init)
    }

    /// Follows `nextToken` to the end.
    private mutating func pages(
        _ operation: String, _ input: [JSONValue.Member], _ list: String, _ credentials: AWSCredentials,
        _ region: String
    ) throws(AWSError) -> [JSONValue] {
        var items: [JSONValue] = []
        var token: String?
        repeat {
            let page = token.map { [JSONValue.Member("nextToken", .string($0))] } ?? []
            let body = try json(.batch(operation, .object(input + page)), credentials, region)
            items += body[list]?.array ?? []
            let next = body["nextToken"]?.nonEmpty
            token = next == token ? nil : next
        } while token != nil
        return items
    }

    /// Some operations answer with nothing at all; that is an empty object.
    mutating func json(
        _ call: Call, _ credentials: AWSCredentials, _ region: String
    ) throws(AWSError) -> JSONValue {
        let response = try answer(call, credentials, region)
        if response.body.isEmpty { return [:] }
        guard let body = try? JSONValue.parse(response.body), body.members != nil else {
            throw call.unreadable("It is not a JSON object.")
        }
        return body
    }
}

extension Call {
    /// The service did something, but its answer does not say what.
    func unreadable(_ why: String) -> AWSError {
        failure("UnreadableAnswer", "The answer cannot be read. \(why)", outcome: .unknown)
    }
}

internal import JSON

/// Whose jobs are listed.
package enum JobListing: Sendable {
    /// Name or ARN.
    case queue(String)
    /// The id of an array: its children.
    case array(String)
}

package struct JobListPage: Sendable {
    /// Newest first.
    package let jobs: [JobSummary]
    /// Where the list goes on; nil at its end.
    package let next: String?
}

extension AWSClient {
    /// At most a thousand jobs of one status: SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED.
    /// - Parameter token: a page's `next`; nil for the first page.
    package mutating func jobs(
        in listing: JobListing, status: String, after token: String? = nil, by credentials: AWSCredentials,
        in region: String
    ) throws(AWSError) -> JobListPage {
        var input: [JSONValue.Member] = [.init("jobStatus", .string(status)), .init("maxResults", 1000)]
        switch listing {
        case .queue(let queue): input.append(.init("jobQueue", .string(queue)))
        case .array(let parent): input.append(.init("arrayJobId", .string(parent)))
        }
        if let token { input.append(.init("nextToken", .string(token))) }
        let body = try json(.batch("ListJobs", .object(input)), credentials, region)
        let next = body["nextToken"]?.nonEmpty
        return JobListPage(
            jobs: (body["jobSummaryList"]?.array ?? []).compactMap(JobSummary.init), next: next == token ? nil : next)
    }
}

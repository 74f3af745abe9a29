internal import Glibc
package import HTTPClient

/// Makes AWS's calls, signed with the credentials that each call is given and never with any others. One thread's own,
/// like the HTTP client in it.
package struct AWSClient: ~Copyable {
    /// Milliseconds, for each attempt.
    package struct Times: Sendable {
        package var connect = 5000
        package var call = 30_000
        package var idle = 15_000
        /// Objects that are streamed in or out.
        package var transfer = 3_600_000

        package init() {}
    }

    package let endpoints: AWSEndpoints
    package var times = Times()
    package var retry = RetryPolicy.standard
    /// On `now`'s clock: no attempt and no wait goes past it; nil for none.
    package var deadline: Int64?

    var http: HTTPClient
    let now: () -> Int64
    let budget: RetryBudget
    var record = CallRecord()
    /// What is added to `now` when signing, once a service has said that our clock is wrong.
    var clockOffset: Int64 = 0
    var bucketRegions = BucketRegions()

    /// `now` is in milliseconds since the epoch. Clients that share a budget share its restraint.
    package init(
        endpoints: AWSEndpoints, http: consuming HTTPClient, budget: RetryBudget = RetryBudget(),
        now: @escaping () -> Int64
    ) {
        self.endpoints = endpoints
        self.http = http
        self.budget = budget
        self.now = now
    }
}

import AWS
import Tasks

/// An account and region: AWS throttles all of its users together, so they share one rate, one breaker for each service
/// and one sweep.
struct Place: Hashable {
    let account: String
    let region: String

    init(account: String, region: String) {
        self.account = account
        self.region = region
    }

    /// What a task is about.
    init(_ task: ClaimedTask) throws {
        self.init(account: try task.text("account"), region: try task.text("region"))
    }

    /// Closed to all but a probe while the service's breaker is open.
    func gate(of service: AWSService) -> String { "\(service.rawValue)/\(account)/\(region)" }
    /// Closed while SubmitJob would have to wait.
    var submitGate: String { "SubmitJob/\(account)/\(region)" }
    /// Of a task that uploads and sends a job.
    var gatesToSubmit: [String] { [gate(of: .batch), gate(of: .s3), submitGate] }
}

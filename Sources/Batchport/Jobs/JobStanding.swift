/// How a job stands, from our phase and AWS's word: the one place that tells them together.
struct JobStanding {
    let phase: String
    let status: String?
    let settledAt: Int64?

    /// What people see: AWS's word once it is sent, ours until then.
    var state: JobState {
        if phase == "sent", let status { return .named(status) }
        return .named(phase)
    }

    var isSettled: Bool { settledAt != nil }
    var isTerminal: Bool { status == "Succeeded" || status == "Failed" }
    var hasSucceeded: Bool { phase == "sent" && status == "Succeeded" }
    var hasFailed: Bool { (phase == "sent" && status == "Failed") || phase == "refused" || phase == "neverSent" }
    /// All three are false only for a lost job (jobs.md).
    var isInProgress: Bool { !hasSucceeded && !hasFailed && phase != "lost" }
}

import FoundationEssentials
import JSON

extension ArrayChild {
    func base(_ job: Job) -> String { "/jobs/\(job.idText)/children/\(k)" }

    /// AWS's own id: of an array of one it is the job's.
    func providerJobID(_ job: Job) -> String? {
        job.providerJobID.map { (job.line.children?.total ?? 1) > 1 ? "\($0):\(k)" : $0 }
    }

    var exitCodeOrWhy: (Job) -> Result<Int, Missing> {
        { job in exitCode.map { .success($0) } ?? .failure(whyNothing(in: job.line)) }
    }

    var reasonOrWhy: (Job) -> Result<String, Missing> {
        { job in
            statusReason.map { .success($0) }
                ?? .failure(status == nil ? missing(in: job.line) : Missing(cause: .notProvided))
        }
    }

    func providerIDOrWhy(_ job: Job) -> Result<String, Missing> {
        providerJobID(job).map { .success($0) } ?? .failure(missing(in: job.line))
    }

    func startOrWhy(_ job: Job) -> Result<Int64, Missing> {
        if let startedAt { return .success(startedAt) }
        let why = whyNothing(in: job.line)
        return .failure(why.cause == .notFinished ? Missing(cause: .notStarted) : why)
    }

    func endOrWhy(_ job: Job) -> Result<Int64, Missing> {
        stoppedAt.map { .success($0) } ?? .failure(whyNothing(in: job.line))
    }

    /// Why AWS has not said what it says of an ended job.
    private func whyNothing(in job: JobLine) -> Missing {
        guard isTerminal else { return missing(in: job) }
        let cut = status == "Failed" ? missing(in: job) : nil
        return cut.flatMap { [.aborted, .timedOut].contains($0.cause) ? $0 : nil } ?? Missing(cause: .notProvided)
    }

    /// The log is there from Running on (seed).
    func whyNoLog(_ job: Job) -> Missing {
        let standing = standing(in: job.line)
        if standing.phase != "sent" { return missing(in: job.line) }
        if startedAt == nil { return isTerminal ? Missing(cause: .notWritten) : Missing(cause: .notStarted) }
        return Missing(cause: capture == "pending" ? .notCaptured : .notWritten)
    }

    func json(_ job: Job) -> JSONValue { .object(members(job)) }

    func members(_ job: Job) -> [JSONValue.Member] {
        var missing: [JSONValue.Member] = []
        func value<T>(_ name: String, _ result: Result<T, Missing>, _ wrap: (T) -> JSONValue) -> JSONValue {
            switch result {
            case .success(let value): return wrap(value)
            case .failure(let why):
                missing.append(.init(name, why.json))
                return .null
            }
        }
        let exit = value("jobExitCode", exitCodeOrWhy(job)) { JSONValue($0) }
        let reason = value("jobStatusReason", reasonOrWhy(job)) { .string($0) }
        let providerID = value("providerJobID", providerIDOrWhy(job)) { .string($0) }
        let start = value("startedAt", startOrWhy(job)) { Instant($0).json }
        let end = value("stoppedAt", endOrWhy(job)) { Instant($0).json }
        if status == nil { missing.append(.init("jobStatus", self.missing(in: job.line).json)) }
        let standing = standing(in: job.line)
        return [
            .init("jobUUID", .string(job.idText)), .init("child", JSONValue(k)), .init("jobType", "ArrayChild"),
            .init("provider", "AWSBatch"), .init("providerJobID", providerID),
            .init("jobStatus", JSONValue(status)), .init("statusSince", JobLine.time(statusSince)),
            .init("displayStatus", .string(standing.state.word)),
            .init("displaySource", .string(standing.state.isOurs ? "batchport" : "provider")),
            .init("jobStatusReason", reason), .init("jobExitCode", exit),
            .init("jobInProgress", .bool(standing.isInProgress)), .init("jobSucceeded", .bool(standing.hasSucceeded)),
            .init("jobFailed", .bool(standing.hasFailed)), .init("reason", JSONValue(self.reason)),
            .init("missing", .object(missing)), .init("firstElement", JSONValue(firstElement)),
            .init("elements", JSONValue(elements)), .init("attemptCount", JSONValue(attempts)),
            .init("startedAt", start), .init("stoppedAt", end), .init("stop", stopJSON),
            .init(
                "capture",
                [
                    "state": .string(capture), "detail": JSONValue(captureDetail), "at": JobLine.time(capturedAt),
                ]), .init("links", links(job)),
        ]
    }

    private var stopJSON: JSONValue {
        guard let stopRequestedAt else { return nil }
        return [
            "requestedAt": Instant(stopRequestedAt).json, "by": .string(stopRequestedBy ?? ""),
            "reason": .string(stopReason ?? ""), "confirmedAt": JobLine.time(stopConfirmedAt),
        ]
    }

    private func links(_ job: Job) -> JSONValue {
        let api = "/api/v1" + base(job)
        return [
            "self": .string(api), "log": .string(api + "/log"), "outputs": .string(api + "/outputs"),
            "results": .string(api + "/results"), "page": .string(base(job)),
        ]
    }
}

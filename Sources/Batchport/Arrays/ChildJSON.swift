import FoundationEssentials
import JSON

extension ArrayChild {
    func base(_ job: Job) -> String { "/jobs/\(job.idText)/children/\(k)" }

    /// AWS's own id: of an array of one it is the job's.
    func providerJobID(_ job: Job) -> String? {
        job.providerJobID.map { (job.line.children?.total ?? 1) > 1 ? "\($0):\(k)" : $0 }
    }

    var exitCodeOrWhy: (Job) -> Result<Int, Missing> {
        { job in
            exitCode.map { .success($0) } ?? .failure(isTerminal ? Missing(cause: .notProvided) : missing(in: job.line))
        }
    }

    var reasonOrWhy: (Job) -> Result<String, Missing> {
        { job in
            statusReason.map { .success($0) }
                ?? .failure(status == nil ? missing(in: job.line) : Missing(cause: .notProvided))
        }
    }

    /// The log is there from Running on (seed).
    func whyNoLog(_ job: Job) -> Missing {
        if isLost { return Missing(cause: .lost) }
        if startedAt == nil { return isTerminal ? Missing(cause: .notWritten) : Missing(cause: .notStarted) }
        return Missing(cause: capture == "pending" ? .notCaptured : .notWritten)
    }

    private var standing: (inProgress: Bool, succeeded: Bool, failed: Bool) {
        (!isTerminal && !isLost, status == "Succeeded", status == "Failed")
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
        if status == nil { missing.append(.init("jobStatus", self.missing(in: job.line).json)) }
        let state = state(in: job.line)
        return [
            .init("jobUUID", .string(job.idText)), .init("child", JSONValue(k)), .init("jobType", "ArrayChild"),
            .init("provider", "AWSBatch"), .init("providerJobID", JSONValue(providerJobID(job))),
            .init("jobStatus", JSONValue(status)), .init("statusSince", JobLine.time(statusSince)),
            .init("displayStatus", .string(state.word)), .init("jobStatusReason", reason), .init("jobExitCode", exit),
            .init("jobInProgress", .bool(standing.inProgress)), .init("jobSucceeded", .bool(standing.succeeded)),
            .init("jobFailed", .bool(standing.failed)), .init("reason", JSONValue(self.reason)),
            .init("missing", .object(missing)), .init("firstElement", JSONValue(firstElement)),
            .init("elements", JSONValue(elements)), .init("attemptCount", JSONValue(attempts)),
            .init("startedAt", JobLine.time(startedAt)), .init("stoppedAt", JobLine.time(stoppedAt)),
            .init(
                "stop",
                stopRequestedAt == nil
                    ? .null
                    : ["requestedAt": JobLine.time(stopRequestedAt), "confirmedAt": JobLine.time(stopConfirmedAt)]),
            .init("capture", ["state": .string(capture)]), .init("links", links(job)),
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

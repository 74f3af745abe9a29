import FoundationEssentials
import JSON

extension JobLine {
    /// What lists and a job's own answer both show.
    func summary(ownerName: String) -> [JSONValue.Member] {
        [
            .init("jobUUID", .string(id.lower)), .init("jobName", .string(name)),
            .init("jobType", .string(children == nil ? "Single" : "Array")),
            .init("provider", "AWSBatch"), .init("providerJobID", JSONValue(providerJobID)),
            .init("jobStatus", JSONValue(status)), .init("statusSource", JSONValue(statusSource)),
            .init("statusSince", Self.time(statusSince)), .init("displayStatus", .string(state.word)),
            .init("displaySource", .string(state.isOurs ? "batchport" : isDerived ? "children" : "provider")),
            .init("phase", .string(phase)),
            .init("phaseReason", JSONValue(phaseReason)), .init("phaseSince", Self.time(phaseSince)),
            .init("settled", .bool(standing.isSettled)), .init("jobInProgress", .bool(standing.isInProgress)),
            .init("jobSucceeded", .bool(standing.hasSucceeded)), .init("jobFailed", .bool(standing.hasFailed)),
            .init("environment", ["id": .string(environment.id.lower), "name": .string(environment.name)]),
            .init("owner", ["id": .string(owner.lower), "name": .string(ownerName)]),
            .init("submittedAt", Self.time(submittedAt)), .init("startedAt", Self.time(startedAt)),
            .init("stoppedAt", Self.time(stoppedAt)), .init("language", .string(language)),
        ] + (children?.members(phase) ?? [])
    }

    /// In a list: what was missing says why only in the job's own answer.
    func json(ownerName: String) -> JSONValue {
        .object(
            summary(ownerName: ownerName) + [
                .init("jobStatusReason", JSONValue(statusReason)),
                .init("jobExitCode", JSONValue(children == nil ? exitCode : nil)),
                .init(
                    "stop",
                    stopRequestedAt == nil
                        ? .null
                        : ["requestedAt": Self.time(stopRequestedAt), "confirmedAt": Self.time(stopConfirmedAt)]),
                .init("capture", ["state": .string(capture)]), .init("verdict", verdictJSON),
                .init("deletion", deletionJSON),
                .init("links", ["self": .string("/api/v1/jobs/" + id.lower), "page": .string("/jobs/" + id.lower)]),
            ])
    }

    private var verdictJSON: JSONValue {
        guard let failure else { return nil }
        return ["cause": .string(failure.rawValue), "word": .string(failure.word(exitCode: exitCode))]
    }

    var deletionJSON: JSONValue { deleteRequestedAt.map { ["requestedAt": Self.time($0)] } ?? nil }

    static func time(_ milliseconds: Int64?) -> JSONValue { milliseconds.map { Instant($0).json } ?? .null }
}

extension Job {
    /// api.md's "A job".
    func json(_ details: JobDetails) -> JSONValue {
        var missing: [JSONValue.Member] = []
        func value<T>(_ name: String, _ result: Result<T, Missing>, _ wrap: (T) -> JSONValue) -> JSONValue {
            switch result {
            case .success(let value): return wrap(value)
            case .failure(let why):
                missing.append(.init(name, why.json))
                return .null
            }
        }
        let exitCode = value("jobExitCode", exitCodeOrMissing) { JSONValue($0) }
        let reason = value("jobStatusReason", statusReasonOrMissing) { .string($0) }
        if case .failure(let why) = statusOrMissing { missing.append(.init("jobStatus", why.json)) }
        if case .failure(let why) = providerIDOrMissing { missing.append(.init("providerJobID", why.json)) }
        if case .failure(let why) = startOrMissing { missing.append(.init("startedAt", why.json)) }
        if case .failure(let why) = endOrMissing { missing.append(.init("stoppedAt", why.json)) }
        return .object(
            line.summary(ownerName: ownerName) + [
                .init("stop", stopJSON), .init("capture", captureJSON), .init("deletion", deletionJSON),
                .init("jobStatusReason", reason),
                .init("jobExitCode", exitCode), .init("missing", .object(missing)),
                .init("jobInputFilenames", JSONValue(details.inputs.map(\.name))),
                .init("providerSettings", providerSettings),
                .init("timeConstraint", JSONValue(timeLimit)), .init("startBefore", JobLine.time(startBefore)),
                .init("statusHistory", .array(details.history.map(\.json))),
                .init("attempts", .array(details.attempts.map(\.json))),
                .init("notes", .array(details.notes.map(\.json))), .init("hold", holdJSON),
                .init("waitsFor", JSONValue(waitsFor)),
                .init("forgottenAt", JobLine.time(forgottenAt)), .init("trackingTrouble", troubleJSON),
                .init("verdict", Verdict(self, details)?.json ?? .null), .init("tags", tags), .init("links", links),
            ] + ofArray)
    }

    private var ofArray: [JSONValue.Member] {
        guard let array else { return [] }
        return [.init("missingResultCount", JSONValue(array.missing))]
    }

    /// Seconds each attempt may take; nil where nothing limits it.
    var timeLimit: Int? { timeConstraint ?? effective["timeConstraint"]?["value"]?.integer }

    var idText: String { self.id.lower }

    private var stopJSON: JSONValue {
        guard let stop else { return nil }
        return [
            "requestedAt": JobLine.time(stop.requestedAt), "by": .string(stop.by),
            "reason": JSONValue(stop.reason.allSatisfy(\.isWhitespace) ? nil : stop.reason),
            "confirmedAt": JobLine.time(stop.confirmedAt),
        ]
    }

    private var holdJSON: JSONValue {
        guard let hold else { return nil }
        return ["cause": .string(hold.cause), "remedy": .string(hold.remedy), "who": .string(hold.who)]
    }

    private var troubleJSON: JSONValue {
        guard let trouble, !isSettled else { return nil }
        return ["detail": .string(trouble), "since": JobLine.time(troubleSince)]
    }

    private var captureJSON: JSONValue {
        [
            "state": .string(capture.state), "detail": JSONValue(capture.detail), "at": JobLine.time(capture.at),
            "failures": JSONValue(capture.failures), "againAt": JobLine.time(capture.againAt),
        ]
    }

    /// A list tells only that it is being deleted; why it is not done yet is told here.
    private var deletionJSON: JSONValue {
        guard let members = line.deletionJSON.members else { return nil }
        return .object(
            members + [.init("trouble", JSONValue(deleteTrouble)), .init("remedy", JSONValue(deleteRemedy))])
    }

    var providerSettings: JSONValue {
        [
            "memory": effective["memory"] ?? nil, "vcpuCount": effective["vcpus"] ?? nil,
            "gpuCount": effective["gpus"] ?? nil, "definition": effective["definition"] ?? nil,
            "asOf": effective["asOf"] ?? nil,
        ]
    }

    private var links: JSONValue {
        let base = "/api/v1/jobs/" + idText
        let ofArray = line.children == nil ? [] : ["children", "results"]
        let named = (["log", "outputs", "result", "submission"] + ofArray).map {
            JSONValue.Member($0, .string(base + "/" + $0))
        }
        return .object([.init("self", .string(base))] + named + [.init("page", .string("/jobs/" + idText))])
    }
}

extension StatusChange {
    var json: JSONValue {
        ["status": .string(status), "at": Instant(at).json, "source": .string(source), "reason": JSONValue(reason)]
    }
}

extension Attempt {
    var json: JSONValue {
        [
            "attempt": JSONValue(n), "startedAt": JobLine.time(startedAt), "stoppedAt": JobLine.time(stoppedAt),
            "exitCode": JSONValue(exitCode), "reason": JSONValue(reason), "statusReason": JSONValue(statusReason),
            "missing": .object(missing),
        ]
    }

    /// Of an ended attempt: a host that went away leaves no exit code, one that never started no time of its start.
    private var missing: [JSONValue.Member] {
        if stoppedAt == nil { return [] }
        let gone = [("startedAt", startedAt == nil), ("exitCode", exitCode == nil)]
        return gone.filter(\.1).map { .init($0.0, Missing(cause: .notProvided).json) }
    }
}

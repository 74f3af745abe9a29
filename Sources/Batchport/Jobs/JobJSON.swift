import FoundationEssentials
import JSON

extension Job {
    /// api.md's "A job".
    func json(history: [StatusChange], attempts: [Attempt], inputs: [String]) -> JSONValue {
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
        if status == nil {
            missing.append(.init("jobStatus", Missing(cause: phase == "lost" ? .lost : .notStarted).json))
        }
        return .object(
            summary + [
                .init("jobStatusReason", reason), .init("jobExitCode", exitCode), .init("missing", .object(missing)),
                .init("jobInputFilenames", JSONValue(inputs)), .init("providerSettings", providerSettings),
                .init("timeConstraint", JSONValue(timeConstraint ?? effective["timeConstraint"]?["value"]?.integer)),
                .init("statusHistory", .array(history.map(\.json))), .init("attempts", .array(attempts.map(\.json))),
                .init("verdict", nil), .init("tags", tags), .init("links", links),
            ])
    }

    /// What lists show too.
    var summary: [JSONValue.Member] {
        [
            .init("jobUUID", .string(idText)), .init("jobName", .string(name)), .init("jobType", "Single"),
            .init("provider", "AWSBatch"), .init("providerJobID", JSONValue(providerJobID)),
            .init("jobStatus", JSONValue(status)), .init("statusSource", JSONValue(statusSource)),
            .init("statusSince", Self.time(statusSince)), .init("displayStatus", .string(state.word)),
            .init("displaySource", .string(state.isOurs ? "batchport" : "provider")), .init("phase", .string(phase)),
            .init("phaseReason", JSONValue(phaseReason)), .init("phaseSince", Self.time(phaseSince)),
            .init("stop", stopJSON), .init("capture", captureJSON), .init("settled", .bool(isSettled)),
            .init("jobInProgress", .bool(isInProgress)), .init("jobSucceeded", .bool(hasSucceeded)),
            .init("jobFailed", .bool(hasFailed)),
            .init("environment", ["id": .string(environment.id.lower), "name": .string(environment.name)]),
            .init("owner", ["id": .string(owner.id.lower), "name": .string(owner.name)]),
            .init("submittedAt", Self.time(submittedAt)), .init("startedAt", Self.time(startedAt)),
            .init("stoppedAt", Self.time(stoppedAt)), .init("language", .string(language)),
        ]
    }

    var idText: String { id.lower }

    private var stopJSON: JSONValue {
        guard let stop else { return nil }
        return [
            "requestedAt": Self.time(stop.requestedAt), "by": .string(stop.by),
            "confirmedAt": Self.time(stop.confirmedAt),
        ]
    }

    private var captureJSON: JSONValue {
        ["state": .string(capture.state), "detail": JSONValue(capture.detail), "at": Self.time(capture.at)]
    }

    private var providerSettings: JSONValue {
        [
            "memory": effective["memory"] ?? nil, "vcpuCount": effective["vcpus"] ?? nil,
            "gpuCount": effective["gpus"] ?? nil, "definition": effective["definition"] ?? nil,
            "asOf": effective["asOf"] ?? nil,
        ]
    }

    private var links: JSONValue {
        let base = "/api/v1/jobs/" + idText
        return [
            "self": .string(base), "log": .string(base + "/log"), "outputs": .string(base + "/outputs"),
            "result": .string(base + "/result"), "page": .string("/jobs/" + idText),
        ]
    }

    static func time(_ milliseconds: Int64?) -> JSONValue { milliseconds.map { Instant($0).json } ?? .null }
}

extension UUID {
    /// As we write ids everywhere: lower case.
    var lower: String { uuidString.lowercased() }
}

extension StatusChange {
    var json: JSONValue {
        [
            "status": .string(status), "at": Instant(at).json, "source": .string(source), "reason": JSONValue(reason),
        ]
    }
}

extension Attempt {
    var json: JSONValue {
        [
            "attempt": JSONValue(n), "startedAt": Job.time(startedAt), "stoppedAt": Job.time(stoppedAt),
            "exitCode": JSONValue(exitCode), "reason": JSONValue(reason), "statusReason": JSONValue(statusReason),
        ]
    }
}

import JSON
import JobManifest

/// One entry of an array's results as everybody sees it: a value, or why there is none. A value is in a member of its
/// own, so that none can look like a missing entry.
struct ResultItem {
    let index: Int
    let child: Int
    let entry: ResultEntry?
    /// Why there is none, where the workers have not said it.
    let missing: Missing

    /// One line of JSON, without its LF.
    var bytes: [UInt8] {
        let start = Array("{\"index\":\(index),".utf8)
        switch entry?.content {
        case .value(let json)?: return start + Array("\"value\":".utf8) + json + [UInt8(ascii: "}")]
        case .inputForm(let text)?:
            return start + Array("\"format\":\"inputForm\",\"value\":".utf8) + JSONValue.string(text).serialized()
                + [UInt8(ascii: "}")]
        default: return start + Array("\"missing\":".utf8) + missingJSON.serialized() + [UInt8(ascii: "}")]
        }
    }

    var json: JSONValue {
        switch entry?.content {
        case .value(let json)?:
            [
                "index": JSONValue(index),
                "value": (try? JSONValue.parse(json, maxDepth: Outcome.Result.maxDepth)) ?? .null,
            ]
        case .inputForm(let text)?: ["index": JSONValue(index), "value": .string(text), "format": "inputForm"]
        default: ["index": JSONValue(index), "missing": missingJSON]
        }
    }

    var why: Missing {
        guard case .missing(let cause, let message)? = entry?.content else { return missing }
        return Missing(cause: Missing.Cause(rawValue: cause.rawValue) ?? .evaluationFailed, detail: message)
    }

    private var missingJSON: JSONValue {
        [
            "cause": .string(why.cause.rawValue), "child": JSONValue(child),
            "detail": .string(why.detail ?? why.cause.sentence),
        ]
    }
}

extension ArrayChild {
    /// Why an element of its has no result, where its workers have not said it themselves.
    func missing(in job: JobLine) -> Missing {
        if standing(in: job).phase == "lost" { return Missing(cause: .lost) }
        switch status {
        case "Failed"?: return failure
        case "Succeeded"?:
            return capture == "pending" && job.settledAt == nil
                ? Missing(cause: .notCaptured)
                : Missing(cause: .outputExpired, detail: "The child succeeded, but its results are not in the bucket.")
        case nil: return unsent(job)
        default: return Missing(cause: .notFinished, detail: "Child \(k) is \(status ?? "on its way").")
        }
    }

    private var failure: Missing {
        let said = [reason, statusReason].compactMap(\.self).filter { !$0.isEmpty }
        let detail = "Child \(k): " + (said.first ?? exitCode.map { "exit code \($0)" } ?? "AWS says that it failed.")
        if stopRequestedAt != nil || said.contains(where: { $0.contains("via Batchport") }) {
            return Missing(cause: .aborted, detail: detail)
        }
        if said.contains(where: { $0.contains("attempt duration exceeded timeout") }) {
            return Missing(cause: .timedOut, detail: detail)
        }
        // What AWS says of a container that ended by itself says less than its runner.
        let verdict = Verdict.Cause.of(said, exitCode, wasStopped: false)
        let ownWord = [.exitCode, .other].contains(verdict) ? self.said : nil
        return Missing(cause: .failed, detail: ownWord.map { "Child \(k): \($0)" } ?? detail)
    }

    private func unsent(_ job: JobLine) -> Missing {
        switch job.phase {
        case "neverSent": Missing(cause: .neverSent)
        case "refused": job.refusal
        case "lost": Missing(cause: .lost)
        default: Missing(cause: .notStarted)
        }
    }
}

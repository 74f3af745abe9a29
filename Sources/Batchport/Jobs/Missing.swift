import JSON

/// Why a value is not there: never an empty string, never a zero (jobs.md "Properties").
struct Missing: Error {
    enum Cause: String, CaseIterable {
        case notStarted, notFinished, notCaptured, notProvided, notWritten, invalid, tooLarge, evaluationFailed, failed
        case aborted, timedOut, neverSent, metadataExpired, outputExpired, deleted, lost, notApplicable

        /// Completes "There is none: …".
        var sentence: String {
            switch self {
            case .notStarted: "the job has not started."
            case .notFinished: "the job has not ended."
            case .notCaptured: "it has not been captured yet."
            case .notProvided: "AWS gave none."
            case .notWritten: "the code wrote none."
            case .invalid: "what the code wrote is not JSON."
            case .tooLarge: "what the code wrote is too large."
            case .evaluationFailed: "the evaluation failed."
            case .failed: "the job failed before."
            case .aborted: "the job was aborted."
            case .timedOut: "the job reached its time limit."
            case .neverSent: "the job was never sent."
            case .metadataExpired: "AWS has forgotten it."
            case .outputExpired: "the object is gone from the bucket."
            case .deleted: "it was deleted."
            case .lost: "the job was lost from sight before its end."
            case .notApplicable: "this kind of job has none."
            }
        }
    }

    let cause: Cause
    var detail: String?

    var json: JSONValue {
        ["cause": .string(cause.rawValue), "detail": .string(detail ?? cause.sentence)]
    }
}

extension Job {
    /// Why a value that only an ended job has is missing.
    private var whyNotEnded: Missing.Cause? {
        switch self.phase {
        case "refused": .failed
        case "neverSent": .neverSent
        case "lost": .lost
        case "sent": isTerminal ? nil : .notFinished
        default: .notStarted
        }
    }

    /// AWS's own word.
    var statusOrMissing: Result<String, Missing> {
        if let status = self.status { return .success(status) }
        return .failure(Missing(cause: self.phase == "lost" ? .lost : whyNotEnded ?? .notStarted))
    }

    /// Why a job that did end has nothing of what an undisturbed one has.
    private var whyCutShort: Missing.Cause? {
        switch self.line.failure {
        case .aborted: .aborted
        case .timedOut: .timedOut
        default: nil
        }
    }

    var exitCodeOrMissing: Result<Int, Missing> {
        if let exitCode = self.exitCode { return .success(exitCode) }
        return .failure(Missing(cause: whyNotEnded ?? whyCutShort ?? .notProvided))
    }

    var statusReasonOrMissing: Result<String, Missing> {
        if let statusReason = self.statusReason { return .success(statusReason) }
        return .failure(Missing(cause: self.phase == "sent" ? .notProvided : whyNotEnded ?? .notProvided))
    }

    var providerIDOrMissing: Result<String, Missing> {
        if let id = self.providerJobID { return .success(id) }
        return .failure(Missing(cause: whyNotEnded ?? .notProvided))
    }

    var timeLimitOrMissing: Result<Int, Missing> {
        if let timeLimit { return .success(timeLimit) }
        return .failure(Missing(cause: .notProvided, detail: "neither the job nor its definition limits it."))
    }

    /// The log is there from Running on (seed).
    var whyNoLog: Missing {
        switch whyNotEnded {
        case .notFinished?: Missing(cause: self.startedAt == nil ? .notStarted : .notCaptured)
        case let cause?: Missing(cause: cause)
        case nil: Missing(cause: !isSettled ? .notCaptured : self.startedAt == nil ? .notStarted : .notWritten)
        }
    }

    var whyNoResult: Missing {
        Missing(cause: whyNotEnded ?? (isSettled ? whyCutShort ?? .notWritten : .notCaptured))
    }

    /// Why the runner's record is not there, in which the evaluation's figures are.
    var whyNoOutcome: Missing {
        if let whyNotEnded { return Missing(cause: whyNotEnded) }
        if !isSettled { return Missing(cause: .notCaptured) }
        if !hasRunner { return Missing(cause: .notApplicable, detail: "this job's image has no runner to record it.") }
        let cause = whyCutShort ?? (self.line.failure == nil ? .notProvided : .failed)
        return Missing(cause: cause, detail: cause == .notProvided ? "the runner left no record of it." : nil)
    }
}

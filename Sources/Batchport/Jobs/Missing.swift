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

extension JobLine {
    /// AWS has definitely said no.
    var refusal: Missing {
        Missing(cause: .failed, detail: "AWS refused the job" + (phaseReason.map { ": " + $0 } ?? "."))
    }
}

extension Job {
    /// Why a value that only an ended job has is missing.
    private var whyNotEnded: Missing? {
        switch self.phase {
        case "refused": line.refusal
        case "neverSent": Missing(cause: .neverSent)
        case "lost": Missing(cause: .lost)
        case "sent": isTerminal ? nil : Missing(cause: .notFinished)
        default: Missing(cause: .notStarted)
        }
    }

    /// AWS's own word.
    var statusOrMissing: Result<String, Missing> {
        if let status = self.status { return .success(status) }
        return .failure(whyNotEnded.flatMap { $0.cause == .notFinished ? nil : $0 } ?? Missing(cause: .notStarted))
    }

    /// Why a job that did end has nothing of what an undisturbed one has.
    private var whyCutShort: Missing? {
        switch self.line.failure {
        case .aborted: Missing(cause: .aborted)
        case .timedOut: Missing(cause: .timedOut)
        default: nil
        }
    }

    /// Of what only the children of an array have.
    func notOfArrays(_ what: String) -> Missing? {
        line.children == nil
            ? nil : Missing(cause: .notApplicable, detail: "Each child of an array has its own\(what).")
    }

    var exitCodeOrMissing: Result<Int, Missing> {
        if let why = notOfArrays("") { return .failure(why) }
        if let exitCode = self.exitCode { return .success(exitCode) }
        return .failure(whyNotEnded ?? whyCutShort ?? Missing(cause: .notProvided))
    }

    var startOrMissing: Result<Int64, Missing> {
        if let startedAt = self.startedAt { return .success(startedAt) }
        let why = whyNotEnded ?? whyCutShort ?? Missing(cause: .notProvided)
        return .failure(why.cause == .notFinished ? Missing(cause: .notStarted) : why)
    }

    var endOrMissing: Result<Int64, Missing> {
        if let stoppedAt = self.stoppedAt { return .success(stoppedAt) }
        return .failure(whyNotEnded ?? Missing(cause: .notProvided))
    }

    var statusReasonOrMissing: Result<String, Missing> {
        if let statusReason = self.statusReason { return .success(statusReason) }
        return .failure((self.phase == "sent" ? nil : whyNotEnded) ?? Missing(cause: .notProvided))
    }

    var providerIDOrMissing: Result<String, Missing> {
        if let id = self.providerJobID { return .success(id) }
        return .failure(whyNotEnded ?? Missing(cause: .notProvided))
    }

    var timeLimitOrMissing: Result<Int, Missing> {
        if let timeLimit { return .success(timeLimit) }
        return .failure(Missing(cause: .notProvided, detail: "neither the job nor its definition limits it."))
    }

    /// The log is there from Running on (seed).
    var whyNoLog: Missing {
        if let why = whyNotEnded {
            if why.cause != .notFinished { return why }
            return Missing(cause: self.startedAt == nil ? .notStarted : .notCaptured)
        }
        return Missing(cause: !isSettled ? .notCaptured : self.startedAt == nil ? .notStarted : .notWritten)
    }

    var whyNoResult: Missing {
        whyNotEnded ?? (isSettled ? whyCutShort ?? Missing(cause: .notWritten) : Missing(cause: .notCaptured))
    }

    /// Why the runner's record is not there, in which the evaluation's figures are.
    var whyNoOutcome: Missing {
        if let whyNotEnded { return whyNotEnded }
        if !isSettled { return Missing(cause: .notCaptured) }
        if !hasRunner { return Missing(cause: .notApplicable, detail: "this job's image has no runner to record it.") }
        if let whyCutShort { return whyCutShort }
        return self.line.failure == nil
            ? Missing(cause: .notProvided, detail: "the runner left no record of it.") : Missing(cause: .failed)
    }
}

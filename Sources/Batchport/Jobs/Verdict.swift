import JSON

/// Why a job died, or is not moving, as far as the facts say: one sentence, the evidence, and what helps.
struct Verdict {
    enum Cause: String {
        case outOfMemory, timedOut, aborted, hostLost, imageNotPulled, exitCode, killed, refused, neverSent, lost, held
        case other

        /// For a line of the list.
        func word(exitCode: Int?) -> String {
            switch self {
            case .outOfMemory: "Out of memory"
            case .timedOut: "Time limit reached"
            case .aborted: "Aborted"
            case .hostLost: "Machine lost"
            case .imageNotPulled: "Image not pulled"
            case .exitCode: "Exit code \(exitCode ?? 1)"
            case .killed: "Killed, exit code 137"
            case .refused: "Refused"
            case .neverSent: "Never sent"
            case .lost: "Lost"
            case .held: "Held"
            case .other: "Failed"
            }
        }
    }

    struct Evidence {
        let text: String
        let source: String
    }

    let cause: Cause
    /// As a line of the list says it.
    var word = ""
    let line: String
    var evidence: [Evidence] = []
    /// What to do, in words; who can do it is part of it.
    let remedy: String
    /// Settings to run it again with, as the form's fields.
    var changes: [(name: String, value: String)] = []

    /// Nil while nothing is wrong.
    init?(_ job: Job, _ details: JobDetails) {
        switch job.phase {
        case "held":
            self.init(
                .held, "It waits for something to be mended.", evidence: Self.ours(job),
                remedy: job.hold.map { "\($0.remedy) That is for \($0.who) to do." }
                    ?? "It goes on by itself once that is mended.")
        case "refused":
            self.init(
                .refused, "AWS refused the submission.", evidence: Self.ours(job),
                remedy: "Change what it objects to and run it again. Settings of the environment are an admin's.")
        case "neverSent":
            self.init(
                .neverSent, "It was never sent to AWS.", evidence: Self.ours(job),
                remedy: "Run it again if it is still wanted.")
        case "lost":
            self.init(
                .lost, "AWS no longer knows it, and its end was not seen.", evidence: Self.ours(job),
                remedy: "Look into its outputs and log for how far it came, then run it again.")
        default:
            guard let cause = job.line.failure else { return nil }
            self = Self.ofFailure(cause, job, details)
        }
        word = cause.word(exitCode: job.exitCode)
    }

    private init(
        _ cause: Cause, _ line: String, evidence: [Evidence], remedy: String,
        changes: [(name: String, value: String)] = []
    ) {
        self.cause = cause
        self.line = line
        self.evidence = evidence
        self.remedy = remedy
        self.changes = changes
    }

    private static func ours(_ job: Job) -> [Evidence] {
        job.phaseReason.map { [Evidence(text: $0, source: "Batchport")] } ?? []
    }

    private static func ofFailure(_ cause: Cause, _ job: Job, _ details: JobDetails) -> Verdict {
        let proof = evidence(job, details.attempts.last)
        switch cause {
        case .aborted:
            return Verdict(
                cause, "\(job.stop?.by ?? "Somebody") aborted it.", evidence: proof,
                remedy: "Run it again if it is still wanted.")
        case .outOfMemory: return outOfMemory(job, proof)
        case .timedOut: return timedOut(job, proof)
        case .hostLost:
            return Verdict(
                cause, "The machine under it went away.", evidence: proof,
                remedy:
                    "Nothing is wrong with the code. Run it again; an admin can let AWS retry such losses by itself.")
        case .imageNotPulled:
            return Verdict(
                cause, "The container's image could not be pulled.", evidence: proof,
                remedy: "An admin must mend the image or the definition's right to pull it.")
        case .killed:
            return Verdict(
                cause, "It was killed; AWS does not say why.", evidence: proof,
                remedy: "137 alone does not mean memory. Compare the peak memory, look into the log, and run it again.")
        case .exitCode:
            return Verdict(
                cause, "The code ended with exit code \(job.exitCode ?? 1).", evidence: proof,
                remedy: "The log's last lines say what the code said. What it had written is kept below.")
        default:
            if let children = job.line.children, children["Failed"] > 0 { return ofChildren(cause, children, proof) }
            return Verdict(
                cause, "AWS says that it failed.", evidence: proof,
                remedy: "The reason beside is all that AWS gives; an admin can see more in the AWS console.")
        }
    }

    private static func ofChildren(_ cause: Cause, _ children: ChildCounts, _ proof: [Evidence]) -> Verdict {
        Verdict(
            cause, "\(Words.count(children["Failed"])) of \(Words.count(children.total)) children failed.",
            evidence: proof,
            remedy:
                "They stand below by verdict. What the others returned is in the results; elements without a value can be "
                + "run again alone.")
    }

    private static func outOfMemory(_ job: Job, _ proof: [Evidence]) -> Verdict {
        let limit = job.effective["memory"]?["value"]?.integer ?? 0
        let more = limit + max(limit / 2, 128)
        return Verdict(
            .outOfMemory, "The container was killed at its memory limit, \(Words.count(limit)) MiB.", evidence: proof,
            remedy: "Give it half as much again, or let the code hold less at once.",
            changes: [("memory", String(more))])
    }

    private static func timedOut(_ job: Job, _ proof: [Evidence]) -> Verdict {
        let limit = job.timeLimit ?? 0
        return Verdict(
            .timedOut, "It reached its time limit of \(Words.count(limit)) seconds.", evidence: proof,
            remedy: "Give it twice the time, or let the code do less.", changes: [("timeConstraint", String(limit * 2))]
        )
    }

    private static func evidence(_ job: Job, _ last: Attempt?) -> [Evidence] {
        var found: [Evidence] = []
        if let reason = last?.reason, !reason.isEmpty {
            found.append(Evidence(text: reason, source: "AWS, reason of attempt \(last?.n ?? 1)"))
        }
        if let reason = job.statusReason { found.append(Evidence(text: reason, source: "AWS, the job's reason")) }
        if let code = last?.exitCode ?? job.exitCode {
            found.append(Evidence(text: String(code), source: "AWS, exit code"))
        }
        if let peak = job.outcome.map(EvaluationRecord.init)?.peakMemory {
            found.append(Evidence(text: Words.size(peak), source: "Runner, peak memory"))
        }
        return found
    }

    var json: JSONValue {
        [
            "cause": .string(cause.rawValue), "word": .string(word), "text": .string(line), "remedy": .string(remedy),
            "evidence": .array(evidence.map { ["text": .string($0.text), "source": .string($0.source)] }),
            "changes": .object(changes.map { .init($0.name, .string($0.value)) }),
        ]
    }
}

extension JobLine {
    /// What a job that AWS says failed died of, nil for any other. AWS's reasons count before the exit code, since they
    /// say what 137 alone does not.
    var failure: Verdict.Cause? {
        guard phase == "sent", status == "Failed" else { return nil }
        return Verdict.Cause.of(
            [containerReason, statusReason].compactMap(\.self), exitCode, wasStopped: stopRequestedAt != nil)
    }
}

extension Verdict.Cause {
    /// - Parameter reasons: AWS's, the container's first.
    /// - Parameter wasStopped: somebody has asked for its end here.
    static func of(_ reasons: [String], _ exitCode: Int?, wasStopped: Bool) -> Verdict.Cause {
        func said(_ part: String) -> Bool { reasons.contains { holds($0, part) } }
        if wasStopped, said("via Batchport") { return .aborted }
        if said("OutOfMemoryError") { return .outOfMemory }
        if said("Job attempt duration exceeded timeout") { return .timedOut }
        if said("Host EC2") { return .hostLost }
        if said("CannotPullContainerError") { return .imageNotPulled }
        return exitCode == 137 ? .killed : exitCode ?? 0 != 0 ? .exitCode : .other
    }

    /// By bytes: a list asks this of many rows, and `String.contains` goes by characters.
    private static func holds(_ text: String, _ part: String) -> Bool {
        let text = text.utf8Span.span
        let part = part.utf8Span.span
        guard text.count >= part.count else { return false }
        return (0...text.count - part.count).contains { start in
            var n = 0
            while n < part.count, text[start + n] == part[n] { n += 1 }
            return n == part.count
        }
    }
}

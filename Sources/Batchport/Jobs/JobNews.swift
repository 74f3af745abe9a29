import HTML

/// What is happening with a job, in one sentence, and whose word that is.
struct JobNews {
    let job: Job
    let now: Int64

    private func ago(_ at: Int64) -> String { Words.duration(milliseconds: now - at) }

    var sentence: String {
        if let at = job.deleteRequestedAt {
            let trouble = job.deleteTrouble.map { "It could not be finished yet. " + $0 }
            return ["Being deleted for \(ago(at)).", trouble, job.deleteRemedy].compactMap(\.self).joined(
                separator: " ")
        }
        if let stop = job.stop, !job.isTerminal, !job.isSettled, stop.confirmedAt == nil {
            return "\(stop.by) asked to stop it \(ago(stop.requestedAt)) ago; its end is not confirmed yet."
        }
        switch job.phase {
        case "held": return "Held for \(ago(job.phaseSince)): \(job.phaseReason ?? "something must be mended first.")"
        case "queued":
            return "Accepted, and waiting to be sent for \(ago(job.phaseSince)).\(whyNot)"
        case "sending": return "Being sent to AWS."
        case "checking":
            return
                "Whether AWS has taken it is not known yet; it is looked up by its name, so that it never runs twice."
                + whyNot
        case "refused":
            return "AWS refused it \(ago(job.phaseSince)) ago. Nothing more will happen unless someone acts."
        case "neverSent": return "It was never sent. Nothing more will happen unless someone acts."
        case "lost": return "AWS no longer knows it, and its end was not seen."
        default: return atAWS + (job.waitsFor.map { " " + $0 } ?? "")
        }
    }

    /// What it waits for, and how the last try ended.
    private var whyNot: String { [job.waitsFor, job.phaseReason].compactMap(\.self).map { " " + $0 }.joined() }

    private var atAWS: String {
        if let counts = job.line.children, !job.isTerminal, counts.derivedStatus != nil {
            return ChildProgress(counts: counts).sentence
        }
        let since = ago(job.statusSince ?? job.phaseSince)
        switch job.status {
        case "Submitted"?, nil: return "AWS has it, and has not looked at it yet."
        case "Pending"?: return "Waiting for what it depends on, for \(since)."
        case "Runnable"?: return "Waiting for a machine, for \(since)."
        case "Starting"?: return "Its container is being pulled and started, for \(since)."
        case "Running"?: return "Running for \(ago(job.startedAt ?? job.statusSince ?? now))\(timeLeft)."
        default: return ended
        }
    }

    private var timeLeft: String {
        guard let limit = job.timeLimit, let start = job.startedAt else { return "" }
        let left = start + Int64(limit) * 1000 - now
        return left > 0 ? "; its time limit is reached in \(Words.duration(milliseconds: left))" : ""
    }

    private var ended: String {
        let end = job.stoppedAt ?? job.statusSince ?? now
        let ran = job.startedAt.map { ", after running \(Words.duration(milliseconds: end - $0))" } ?? ""
        let rest = job.isSettled ? "" : failing ?? " Its outputs are being captured."
        return "Ended \(ago(end)) ago\(ran).\(rest)"
    }

    /// Of a capture that fails again and again: how often, and when it is tried again.
    private var failing: String? {
        guard job.capture.isFailing else { return nil }
        let left = (job.capture.againAt ?? now) - now
        let again = left > 0 ? "in " + Words.duration(milliseconds: left) : "now"
        return
            " Capturing its outputs has failed \(Words.count(job.capture.failures)) times; it is tried again \(again)."
    }

    /// Source and age of the state.
    var provenance: HTML {
        let source: HTML =
            job.state.isOurs
            ? "<b>Batchport’s word</b>, since \(moment(job.phaseSince))"
            : job.line.isDerived
                ? "<b>Batchport’s word</b>, from its children’s states\(childrenAsked); of the array AWS says <code>\(job.status)</code>"
                : "<b>AWS’s word</b>, \(job.statusSource == "submission" ? "from the submission" : "polled")\(asked)"
        let settled: HTML = job.isSettled ? " · settled" : ""
        let stopped: HTML? = stopped.map { " · <b>Batchport cannot go on:</b> \($0)" }
        let trouble: HTML? =
            job.isSettled ? nil : job.trouble.map { " · <b>AWS cannot be asked\(since):</b> \($0)" }
        return "\(source)\(settled) · \(capture)\(stopped)\(trouble)\(forgotten)"
    }

    /// Of a job that AWS has: what keeps it from being followed, captured or stopped, and who can mend it.
    private var stopped: String? { job.phase == "sent" && !job.isSettled ? job.phaseReason : nil }

    private var since: HTML? { job.troubleSince.map { " for \(ago($0))" } }

    /// After expiry nothing changes but this line (jobs.md).
    private var forgotten: HTML? {
        job.forgottenAt.map {
            " · AWS no longer knew it on \(Instant($0).element(Instant($0).date + " " + Instant($0).clock + " UTC"))"
        }
    }

    private var asked: HTML? {
        if job.isTerminal { return job.statusSince.map { ", \(moment($0))" } }
        return job.checkedAt.map { " \(ago($0)) ago" }
    }

    private var childrenAsked: HTML? { job.checkedAt.map { ", which AWS told \(ago($0)) ago" } }

    private var capture: HTML {
        if ["refused", "neverSent"].contains(job.phase) { return "nothing to capture, since it never ran" }
        switch job.capture.state {
        case "complete": return "everything captured\(job.capture.at.map { " at \(moment($0))" as HTML })"
        case "partial": return "<b>captured in part:</b> \(job.capture.detail)"
        default: return "nothing captured yet\(whyNotCaptured)"
        }
    }

    /// Where it is not said already.
    private var whyNotCaptured: HTML? {
        guard job.capture.isFailing, stopped?.hasSuffix(job.capture.detail ?? "") != true else { return nil }
        return ", after \(Words.count(job.capture.failures)) failures: \(job.capture.detail)"
    }

    private func moment(_ at: Int64) -> HTML { Instant(at).element(Instant(at).clock + " UTC") }
}

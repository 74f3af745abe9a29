import HTML

/// What is happening with a child, in one sentence, and whose word that is.
struct ChildNews {
    let job: Job
    let child: ArrayChild
    let now: Int64

    private var standing: JobStanding { child.standing(in: job.line) }

    private func ago(_ at: Int64) -> String { Words.duration(milliseconds: now - at) }

    var sentence: String {
        switch standing.phase {
        case "lost": return "AWS no longer knows it, and its end was not seen."
        case "refused", "neverSent":
            return child.missing(in: job.line).detail
                ?? "It was never sent. Nothing more will happen unless someone acts."
        default: break
        }
        if standing.isTerminal { return ended }
        if let at = child.stopRequestedAt {
            return
                "\(child.stopRequestedBy ?? "Somebody") asked to stop it \(ago(at)) ago; its end is not confirmed yet."
        }
        if child.status == "Running", let start = child.startedAt { return "Running for \(ago(start))." }
        return child.missing(in: job.line).detail ?? "It has not started."
    }

    private var ended: String {
        let ran = child.ran(in: job.line, now: now).map { ", after running \(Words.duration(milliseconds: $0))" }
        let end = child.stoppedAt ?? child.statusSince ?? now
        return "Ended \(ago(end)) ago\(ran ?? "")."
    }

    /// Source and age of the state, and what is taken of the child.
    var provenance: HTML {
        let source: HTML =
            standing.state.isOurs
            ? "<b>Batchport’s word</b>, since \(moment(job.phaseSince))" : "<b>AWS’s word</b>, polled\(asked)"
        return "\(source) · \(capture)"
    }

    private var asked: HTML? {
        if standing.isTerminal { return child.statusSince.map { ", \(moment($0))" } }
        return job.checkedAt.map { " \(ago($0)) ago" }
    }

    private var capture: HTML {
        if ["refused", "neverSent"].contains(standing.phase) { return "nothing to capture, since it never ran" }
        switch child.capture {
        case "complete": return "everything captured\(child.capturedAt.map { " at \(moment($0))" as HTML })"
        case "partial": return "<b>captured in part:</b> \(child.captureDetail)"
        default: return "nothing captured yet"
        }
    }

    private func moment(_ at: Int64) -> HTML { Instant(at).element(Instant(at).clock + " UTC") }
}

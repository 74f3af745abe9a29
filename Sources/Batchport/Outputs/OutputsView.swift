import HTML
import HTTP

/// A job's outputs: a table of them, and previews of some.
struct OutputsView {
    let job: Job
    let outputs: [Output]
    /// Those with a preview below the table.
    let shown: [Output]
    /// Of an array: what its children wrote.
    let ofChildren: ChildOutputs?
    let assets: Assets

    var showsImages: Bool { shown.contains { $0.isImage && $0.goneAt == nil } }

    /// The first few that can be shown: each image costs the reader a question to the worker.
    static func first(_ outputs: [Output]) -> [Output] {
        let texts = outputs.filter { $0.preview != nil && !$0.isImage }.prefix(3)
        let images = outputs.filter { $0.isImage && $0.goneAt == nil }.prefix(2)
        return Array(images + texts)
    }

    var table: HTML {
        if let ofChildren, ofChildren.files > 0 { return ofChildren.links(job) }
        guard !outputs.isEmpty else { return "<p class=\"empty\">\(nothing)</p>" }
        return """
            <div class="scroll" role="group" aria-labelledby="outputs" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Output files</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">File</th><th role="columnheader" scope="col" class="num">Size</th>
            <th role="columnheader" scope="col">Kind</th><th role="columnheader" scope="col">Attempt</th>
            <th role="columnheader" scope="col"><span class="vh">Get</span></th></tr></thead>
            <tbody role="rowgroup">\(outputs.map(row))</tbody></table></div>\(partial)
            """
    }

    /// What is not among them.
    private var partial: HTML? {
        guard job.capture.state == "partial", let detail = job.capture.detail else { return nil }
        return "<p class=\"small mt2\"><b>Captured in part:</b> \(detail)</p>"
    }

    static let withoutRunner =
        "The image has no runner, which would have kept what the command wrote to output/: only the log is captured."

    private var nothing: String {
        if !job.hasRunner { return Self.withoutRunner }
        let who = job.line.children == nil ? "The code" : "None of the children"
        let wrote = job.line.children == nil ? "wrote no file" : "wrote a file"
        if ["refused", "neverSent"].contains(job.phase) { return "It never ran, so that there are no files." }
        return switch job.capture.state {
        case "complete" where job.phase == "lost":
            "No file was found. AWS no longer knew the job before its end was seen, so that there may have been some."
        case "complete": "\(who) \(wrote) to output/."
        case "partial": "Not all could be captured: \(job.capture.detail ?? "some objects were gone before that.")"
        default: job.isTerminal ? "Being captured." : "They are captured when the job has ended."
        }
    }

    private func row(_ output: Output) -> HTML {
        let size: HTML = "<td role=\"cell\" class=\"num\" data-k=\"size\">\(Words.size(output.size))</td>"
        if let gone = output.goneAt {
            return """
                <tr role="row"><th role="rowheader" scope="row">\(output.path)</th>\(size)<td role="cell" class="c-why" \
                colspan="3">No longer in the bucket, noticed \(Instant(gone).element(Instant(gone).date)): deleted there, or \
                removed by its lifecycle rule.</td></tr>
                """
        }
        return """
            <tr role="row"><th role="rowheader" scope="row">\(name(output))</th>\(size)
            <td role="cell" data-k="kind">\(output.contentType)</td>
            <td role="cell" data-k="attempt">\(output.attempt)</td>
            <td role="cell" class="num"><a href="\(output.address(job, "outputs"))">Download<span class="vh"> \
            \(output.path)</span></a></td></tr>
            """
    }

    /// A link to its preview, on this page or on the page of outputs.
    private func name(_ output: Output) -> HTML {
        if let at = shown.firstIndex(where: { $0.path == output.path }) {
            return "<a href=\"#p\(at)\">\(output.path)</a>"
        }
        guard output.preview != nil || output.isImage else { return "\(output.path)" }
        return "<a href=\"/jobs/\(job.idText)/outputs?show=\(percentEncode(output.path))#p0\">\(output.path)</a>"
    }

    var previews: HTML {
        let parts = shown.enumerated().map { index, output -> HTML in
            "<div id=\"p\(index)\" class=\"mt5\">\(OutputPreview(job: job, output: output).content)</div>"
        }
        return "\(parts)"
    }
}

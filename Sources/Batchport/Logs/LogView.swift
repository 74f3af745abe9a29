import HTML

/// Log lines as a numbered list, each a place to link to.
struct LogView {
    let job: Job
    var child = ArrayChild.none
    let attempt: Int

    func list(_ lines: [LogLine], here: Int? = nil) -> HTML {
        let items = lines.map { line -> HTML in
            let isHere: HTML? = line.n == here ? " class=\"here\" aria-current=\"true\"" : nil
            let at = Instant(line.at)
            return """
                <li id="L\(line.n)"\(isHere)><a href="\(path)?attempt=\(attempt)&amp;line=\(line.n)#L\(line.n)" tabindex="-1">\
                \(line.n)</a><time datetime="\(at.rfc3339(withMilliseconds: true))">\(at.clock)</time>\
                <samp>\(LogText.html(line.text))</samp></li>
                """
        }
        return "<ol class=\"log\" aria-label=\"Lines of the log\">\(items)</ol>"
    }

    var path: String { LogPlaceOnSite.base(job, child) + "/log" }
}

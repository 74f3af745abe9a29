import HTML

/// The start of one output, as text, table or image; never as markup of its own.
struct OutputPreview {
    let job: Job
    let output: Output

    private static let rows = 20
    private static let columns = 30
    private static let lines = 40

    var content: HTML {
        if output.isImage { return image }
        guard let text = output.preview else { return "<p class=\"dim\">\(output.path) has no preview.</p>" }
        return isTable ? table(text) : plain(text)
    }

    private var image: HTML {
        """
        <figure><figcaption><b>\(output.path)</b></figcaption>
        <img class="preview" src="\(output.address(job, "preview"))" alt="Output file \(output.path)" loading="lazy"></figure>
        """
    }

    private var isTable: Bool { output.contentType.hasPrefix("text/csv") || output.path.lowercased().hasSuffix(".csv") }

    private var isWhole: Bool { output.size == Int64(output.preview?.utf8.count ?? -1) }

    private func table(_ text: String) -> HTML {
        let sheet = CSV.read(text, isWhole: isWhole, rows: Self.rows + 1)
        guard let header = sheet.first, header.count > 1 else { return plain(text) }
        let body = sheet.dropFirst()
        let isNumber = header.indices.map { column in
            !body.isEmpty
                && body.allSatisfy { $0.indices.contains(column) && Double($0[column]) != nil || $0.count <= column }
        }
        let classes = isNumber.map { isNumber -> HTML? in isNumber ? " class=\"num\"" : nil }
        let heads = header.prefix(Self.columns).enumerated().map { column, name -> HTML in
            "<th scope=\"col\"\(classes[column])>\(name)</th>"
        }
        let lines = body.map { cells -> HTML in
            let parts = header.indices.prefix(Self.columns).map { column -> HTML in
                let cell = cells.indices.contains(column) ? cells[column] : ""
                return column == 0
                    ? "<th scope=\"row\"\(classes[0])>\(cell)</th>" : "<td\(classes[column])>\(cell)</td>"
            }
            return "<tr>\(parts)</tr>"
        }
        let more: HTML? = header.count > Self.columns ? ", the first \(Self.columns) of \(header.count) columns" : nil
        return """
            <div class="scroll" role="group" aria-label="Preview of \(output.path)" tabindex="0"><table class="plain fit">
            <caption>\(output.path) <small>\(body.count == 1 ? "the first row" : "the first \(body.count) rows")\(more)</small></caption>
            <thead><tr>\(heads)</tr></thead><tbody>\(lines)</tbody></table></div>
            """
    }

    private func plain(_ text: String) -> HTML {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = all.prefix(Self.lines)
        let isCut = !isWhole || all.count > Self.lines
        let note: HTML? = isCut ? " <small>its start</small>" : nil
        return """
            <h3>\(output.path)\(note)</h3><div class="scroll" role="group" aria-label="Preview of \(output.path)" tabindex="0">\
            <pre>
            \(LogText.lines(start.joined(separator: "\n")))</pre></div>
            """
    }
}

/// Comma-separated values (RFC 4180), as far as they go: quotes may hold commas, quotes and line breaks.
enum CSV {
    /// The first rows; the last one of a text that was cut off is left out, since it may be half.
    static func read(_ text: String, isWhole: Bool, rows limit: Int) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        func finished() -> String { String(decoding: cell, as: UTF8.self) }
        while let byte = next, rows.count < limit {
            next = bytes.next()
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && next == UInt8(ascii: "\""):
                cell.append(byte)
                next = bytes.next()
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                row.append(finished())
                cell = []
            case UInt8(ascii: "\n") where !isQuoted:
                rows.append(row + [finished()])
                (row, cell) = ([], [])
            case UInt8(ascii: "\r") where !isQuoted: break
            default: cell.append(byte)
            }
        }
        if isWhole, rows.count < limit, !row.isEmpty || !cell.isEmpty { rows.append(row + [finished()]) }
        return rows
    }
}

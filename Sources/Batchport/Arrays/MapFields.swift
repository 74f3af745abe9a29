import HTML
import JSON
import JobManifest

/// The form's part for a function of each element of a list.
struct MapFields {
    let entry: MapEntry
    let fields: FormFields
    let plan: ArrayPlan?
    let environment: BatchEnvironment?
    /// The map whose list is taken, where one is.
    let before: Job?
    /// Lists that went straight to the bucket, to be chosen from.
    let uploads: [Upload]

    static let note: HTML =
        "A function of each element of a list, over many jobs at once. Leave it at Single for one job."

    /// Both ways to cut a list have one field for their number.
    static func placed(_ problem: Failure.Problem) -> Failure.Problem {
        guard problem.pointer.hasPrefix("/method/") else { return problem }
        return .init("/methodCount", problem.code, problem.message, limit: problem.limit)
    }

    var content: HTML {
        """
        <fieldset class="field full" id="jobType"><legend>Type</legend><div class="choice">\(choice("Single", "Single"))\
        \(choice("Array", "Array: a function of each element"))</div></fieldset>
        \(fields.area(
            "elements", "Elements", entry.elements, 5,
            "JSON, one element a line, or one JSON array. 1 to 1,000,000 of them; a long list goes as a file."))
        \(again)\(file)\(larger)
        <div class="row">\(fields.text("function", "Function", entry.function, hint: "Called with each element; for Wolfram Language an expression"))
        \(fields.text(
            "workers", "Workers of a child", entry.workers, hint: "Empty: as many as vCPUs",
            extra: "inputmode=\"numeric\" autocomplete=\"off\""))</div>
        \(fields.area("initialization", "Initialization", entry.initialization, 3, "Runs once in each child, after the source."))
        <div class="row">\(fields.field("method", "How it is cut", hint: nil) { tied in "<select \(tied)>\(methods)</select>" })
        \(fields.text(
            "methodCount", "How many", entry.methodCount,
            hint: "At most \(environment.map { Words.count(min($0.limits.arraySize, SplitMethod.mostChildren)) } ?? "10,000") children",
            extra: "inputmode=\"numeric\" autocomplete=\"off\""))</div>
        \(preview)
        """
    }

    private func choice(_ value: String, _ words: String) -> HTML {
        let checked: HTML? = entry.jobType == value ? " checked" : nil
        return "<label><input type=\"radio\" name=\"jobType\" value=\"\(value)\"\(checked)>\(words)</label>"
    }

    private var methods: [HTML] {
        [
            ("Automatic", "Automatic"), ("childJobs", "So many children"),
            ("elementsPerChild", "So many elements per child"),
        ]
        .map { value, words in
            let selected: HTML? = entry.method == value ? " selected" : nil
            return "<option value=\"\(value)\"\(selected)>\(words)</option>"
        }
    }

    /// Of a map that is run again.
    private var again: HTML? {
        guard !entry.job.isEmpty else { return nil }
        let count = entry.only == "missing" ? before?.array?.missing : before?.elements
        let number = count.map { $0 == 1 ? "1 element" : "\(Words.count($0)) elements" } ?? "Elements"
        let what = entry.only == "missing" ? number + " without a value," : number
        return """
            <p class="small">\(what) of <a href="/jobs/\(entry.job)">\(before?.name ?? "another map")</a>, instead of a typed \
            list <input type="hidden" name="elementsJob" value="\(entry.job)">\
            <input type="hidden" name="elementsOnly" value="\(entry.only)">\
            <button class="btn small" name="do" value="remove list">Remove<span class="vh"> these elements</span></button></p>
            """
    }

    /// What takes a larger list, in a tab of its own, and what came of it.
    private var larger: HTML? {
        guard entry.file == nil, let limits = environment?.limits, limits.uploadBytes > limits.inlineBytes else {
            return nil
        }
        let choices = uploads.map { upload -> HTML in
            """
            <label><input type="radio" name="\(MapEntry.uploadPart)" value="\(upload.id.lower)">\(upload.name) \
            <span class="dim">\(Words.size(upload.size ?? 0)), \(Words.count(upload.elements?["count"]?.integer ?? 0)) \
            elements</span></label>
            """
        }
        let picks: HTML? =
            choices.isEmpty
            ? nil
            : """
            <fieldset class="field full"><legend>Lists uploaded before, in no job yet</legend><div class="choice">\(choices)\
            </div></fieldset>
            """
        return """
            \(picks)<p class="small">A list of more than \(Words.size(limits.inlineBytes)): \
            <a href="/uploads/new?environment=\(environment?.name)&amp;name=elements.jsonl" target="_blank" rel="noopener">upload \
            it straight to the bucket</a> (opens a new tab), then <button class="btn small" name="do" value="show">Show the \
            lists</button></p>
            """
    }

    private var file: HTML {
        let kept: HTML? = entry.file.map { file in
            """
            <p class="small">\(file.name), \(Words.size(file.size)) <input type="hidden" name="\(MapEntry.uploadPart)" \
            value="\(file.upload.lower)"><button class="btn small" name="do" value="remove \(file.upload.lower)">Remove\
            <span class="vh"> \(file.name)</span></button></p>
            """
        }
        return """
            \(kept)<div class="drop">\(fields.field(
                MapEntry.filePart, "Elements from a file", hint: "JSON Lines or one JSON array, instead of a typed list",
                full: true) { tied in "<input type=\"file\" \(tied)>" })</div>
            """
    }

    /// What `check` found.
    private var preview: HTML? {
        guard let plan else { return nil }
        let most = 8
        let rows = (0..<min(plan.spans.children, most)).map { k -> HTML in
            let range = plan.spans.range(of: k)
            return """
                <tr><th scope="row" class="num">\(k)</th><td class="num">\(Words.count(range.lowerBound))</td>\
                <td class="num">\(Words.count(range.upperBound - 1))</td><td class="num">\(Words.count(range.count))</td></tr>
                """
        }
        let more: HTML? = plan.spans.children > most ? "<p class=\"small dim\">and so on.</p>" : nil
        return """
            <h3>How it would be cut</h3><p>\(plan.words).</p><table class="plain fit"><caption class="vh">Spans</caption>
            <thead><tr><th scope="col" class="num">Child</th><th scope="col" class="num">First</th>\
            <th scope="col" class="num">Last</th><th scope="col" class="num">Elements</th></tr></thead><tbody>\(rows)</tbody>\
            </table>\(more)
            """
    }
}

import HTML
import JSON

/// Every property by its own name, with its value or why there is none.
struct PropertiesView {
    /// The address of the page of the job, or of the child.
    private let base: String
    private let hasLog: Bool
    /// The long ones, which are read where they are asked for.
    private let elsewhere: Set<JobProperty>
    private let read: (JobProperty) -> Result<JSONValue, Missing>

    init(facts: JobFacts, hasLog: Bool) {
        base = "/jobs/" + facts.job.idText
        self.hasLog = hasLog
        elsewhere = facts.job.line.children == nil ? [] : JobProperty.ofAllChildren
        read = { $0.value(of: facts) }
    }

    init(facts: ChildFacts, hasLog: Bool) {
        base = facts.child.base(facts.array.job)
        self.hasLog = hasLog
        elsewhere = JobProperty.ofAllElements
        read = facts.value
    }

    private static let longest = 300

    var content: HTML {
        let rows = JobProperty.allCases.map { property -> HTML in
            """
            <tr role="row"><th role="rowheader" scope="row"><code>\(property.rawValue)</code></th>
            <td role="cell" class="c-why">\(value(property))</td></tr>
            """
        }
        return """
            <details><summary>Show all \(JobProperty.allCases.count)</summary>
            <div class="scroll mt2" role="group" aria-labelledby="properties" tabindex="0"><table class="stack" role="table">
            <caption class="vh">Properties</caption><thead role="rowgroup"><tr role="row">
            <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">Value, or why there is none</th>
            </tr></thead><tbody role="rowgroup">\(rows)</tbody></table></div></details>
            """
    }

    private func value(_ property: JobProperty) -> HTML {
        if property == .jobLog, hasLog { return "<a href=\"\(base)/log\">The log</a>" }
        if elsewhere.contains(property) {
            let what = JobProperty.ofAllElements.contains(property) ? "element" : "child"
            return "<a href=\"/api/v1\(base)/properties/\(property.rawValue)\">Of each \(what), as JSON</a>"
        }
        switch read(property) {
        case .success(.string(let text)): return "\(cut(text))"
        case .success(let value): return "<code>\(cut(value.text))</code>"
        case .failure(let missing):
            return """
                <span class="dim">Missing, <code>\(missing.cause.rawValue)</code>: \
                \(missing.detail ?? missing.cause.sentence)</span>
                """
        }
    }

    private func cut(_ text: String) -> String {
        text.unicodeScalars.count <= Self.longest ? text : String(text.unicodeScalars.prefix(Self.longest)) + " …"
    }
}

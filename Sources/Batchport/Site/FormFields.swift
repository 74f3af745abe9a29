import HTML

/// Fields of a form as every page shows them: label, hint, error tied by `aria-describedby`, and what was typed.
struct FormFields {
    let assets: Assets
    let problems: [Failure.Problem]

    /// The faults above the form, each a link to its field; nothing where there are none.
    func summary(_ consequence: String) -> HTML? {
        guard !problems.isEmpty else { return nil }
        let items = problems.map { problem -> HTML in
            "<li><a href=\"#\(Self.id(problem.pointer))\">\(problem.message)</a></li>"
        }
        let title =
            problems.count == 1
            ? "One thing needs a change before this can be sent"
            : "\(problems.count) things need a change before this can be sent"
        return """
            <div class="errs" role="alert" aria-labelledby="errors" tabindex="-1">
            <h2 id="errors">\(title)</h2><ul>\(items)</ul>
            <p class="mt2 small dim">\(consequence)</p></div>
            """
    }

    /// A labelled control. `control` gets the attributes that tie it to its hint and error.
    func field(
        _ name: String, _ label: String, hint: String? = nil, full: Bool = false, _ control: (HTML) -> HTML
    ) -> HTML {
        let problem = problems.first { Self.id($0.pointer) == name }
        let hintMarkup: HTML? = hint.map { "<span class=\"hint\" id=\"\(name)-hint\">\($0)</span>" }
        let error: HTML? = problem.map {
            """
            <span class="err" id="\(name)-error">\(assets.icon("warn"))<span><span class="vh">Error: </span>\
            \($0.message)</span></span>
            """
        }
        let described = [hint.map { _ in name + "-hint" }, problem.map { _ in name + "-error" }].compactMap(\.self)
        let describedBy: HTML? =
            described.isEmpty ? nil : " aria-describedby=\"\(described.joined(separator: " "))\""
        let invalid: HTML? = problem == nil ? nil : " aria-invalid=\"true\""
        let classes = "field" + (full ? " full" : "") + (problem == nil ? "" : " bad")
        return """
            <div class="\(classes)"><label for="\(name)">\(label)</label>\(hintMarkup)\(error)
            \(control("id=\"\(name)\" name=\"\(name)\"\(describedBy)\(invalid)"))</div>
            """
    }

    func text(
        _ name: String, _ label: String, _ value: String, hint: String? = nil, extra: HTML = "autocomplete=\"off\""
    ) -> HTML {
        field(name, label, hint: hint) { tied in "<input \(tied) value=\"\(value)\" \(extra)>" }
    }

    /// `/inputFiles/a.csv` belongs to the field `inputFiles`; names of fields are the API's names.
    static func id(_ pointer: String) -> String {
        String(pointer.split(separator: "/").last { !$0.isEmpty && !$0.contains(".") } ?? "form")
    }
}

import HTML

/// Fields of a form as every page shows them: label, hint, error tied by `aria-describedby`, and what was typed.
struct FormFields {
    let assets: Assets
    let problems: [Failure.Problem]
    /// Where a page has several forms with fields of one name: which one this is, for ids that are there once.
    var form = ""

    /// The faults above the form, each a link to its field; nothing where there are none.
    func summary(_ consequence: String) -> HTML? {
        guard !problems.isEmpty else { return nil }
        let items = problems.map { problem -> HTML in
            "<li><a href=\"#\(id(Self.id(problem.pointer)))\">\(problem.message)</a></li>"
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
        let id = id(name)
        let hintMarkup: HTML? = hint.map { "<span class=\"hint\" id=\"\(id)-hint\">\($0)</span>" }
        let error: HTML? = problem.map {
            """
            <span class="err" id="\(id)-error">\(assets.icon("warn"))<span><span class="vh">Error: </span>\
            \($0.message)</span></span>
            """
        }
        let described = [hint.map { _ in id + "-hint" }, problem.map { _ in id + "-error" }].compactMap(\.self)
        let describedBy: HTML? =
            described.isEmpty ? nil : " aria-describedby=\"\(described.joined(separator: " "))\""
        let invalid: HTML? = problem == nil ? nil : " aria-invalid=\"true\""
        let classes = "field" + (full ? " full" : "") + (problem == nil ? "" : " bad")
        return """
            <div class="\(classes)"><label for="\(id)">\(label)</label>\(hintMarkup)\(error)
            \(control("id=\"\(id)\" name=\"\(name)\"\(describedBy)\(invalid)"))</div>
            """
    }

    func text(
        _ name: String, _ label: String, _ value: String, hint: String? = nil, extra: HTML = "autocomplete=\"off\""
    ) -> HTML {
        field(name, label, hint: hint) { tied in "<input \(tied) value=\"\(value)\" \(extra)>" }
    }

    /// A field's id on the page.
    func id(_ name: String) -> String { form.isEmpty ? name : form + "-" + name }

    /// Those of one form of a page that has several: the faults are shown where they were made.
    func of(_ form: String, sent: String?) -> FormFields {
        FormFields(assets: assets, problems: form == sent ? problems : [], form: form)
    }

    /// A fault of the form as a whole.
    func fault(_ name: String) -> HTML? {
        problems.first { Self.id($0.pointer) == name }.map { problem in
            """
            <p class="err" id="\(id(name))-error">\(assets.icon("warn"))<span><span class="vh">Error: </span>\
            \(problem.message)</span></p>
            """
        }
    }

    /// Choices under one legend, with the fault that was found in them.
    func choices(_ name: String, _ legend: HTML, hint: String? = nil, isStacked: Bool = false, _ choices: [HTML])
        -> HTML
    {
        let problem = problems.first { Self.id($0.pointer) == name }
        let error: HTML? = problem.map {
            """
            <span class="err" id="\(id(name))-error">\(assets.icon("warn"))<span><span class="vh">Error: </span>\
            \($0.message)</span></span>
            """
        }
        let described: HTML? = problem.map { _ in " aria-describedby=\"\(id(name))-error\"" }
        let hint: HTML? = hint.map { "<span class=\"hint\">\($0)</span>" }
        return """
            <fieldset class="\(problem == nil ? "field" : "field bad")" id="\(id(name))"\(described)>\(legend)\(hint)\(error)\
            <div class="\(isStacked ? "choice stack-v" : "choice")">\(choices)</div></fieldset>
            """
    }

    /// `/inputFiles/a.csv` belongs to the field `inputFiles`; names of fields are the API's names.
    static func id(_ pointer: String) -> String {
        String(pointer.split(separator: "/").last { !$0.isEmpty && !$0.contains(".") } ?? "form")
    }
}

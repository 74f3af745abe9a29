import HTML

/// The form's part for what is run: a source in one of the environment's languages, or a command.
struct CodeFields {
    let entry: NewJobEntry
    let fields: FormFields
    let environment: BatchEnvironment?

    var content: HTML {
        let languages = environment?.usableLanguages ?? Language.allCases
        let chosen = languages.first { $0.rawValue == entry.language } ?? languages.first
        let choices = languages.map { language -> HTML in
            let checked: HTML? = language == chosen ? " checked" : nil
            return
                "<label><input type=\"radio\" name=\"language\" value=\"\(language.rawValue)\"\(checked)>\(language.word)</label>"
        }
        return """
            <fieldset class="field full" id="language"><legend>Language</legend>\(why)<div class="choice">\(choices)</div></fieldset>
            \(source)\(command(languages))
            """
    }

    private var why: HTML? {
        guard environment?.hasRunner == false else { return nil }
        return """
            <span class="hint">Only Command: the definition’s image does not say that it has the runner (its tag \
            <code>batchport:runner=1</code>).</span>
            """
    }

    /// Where no language takes one, only what was typed before it was known.
    private var source: HTML? {
        if environment?.hasRunner == false, entry.source.isEmpty { return nil }
        return fields.area(
            "source", "Source", entry.source, 13,
            "Runs once beside the input files. Files it writes to output/ are kept; the file named by BATCHPORT_RESULT is its result, as JSON."
        )
    }

    private func command(_ languages: [Language]) -> HTML? {
        guard languages.contains(.command) else { return nil }
        return fields.area("argv", "Command", entry.argv, 3, "For Command: the program and its arguments, one a line")
    }
}

extension FormFields {
    /// The line feed behind the tag is not part of the text (HTML's own rule), so that one at the text's start survives.
    func area(_ name: String, _ label: String, _ text: String, _ rows: Int, _ hint: String) -> HTML {
        field(name, label, hint: hint, full: true) { tied in
            """
            <textarea class="code" \(tied) rows="\(rows)" spellcheck="false" autocapitalize="off" autocomplete="off">
            \(text)</textarea>
            """
        }
    }
}

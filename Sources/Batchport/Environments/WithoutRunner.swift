import HTML

/// An image without the runner: nothing there takes code, files or elements, so that single commands are all that can be
/// sent (jobs.md "Setting up AWS").
extension BatchEnvironment {
    /// Nil while the definition has not been read.
    var hasRunner: Bool? { definition?.hasRunner }

    /// Those of its languages in which a job can be sent now.
    var usableLanguages: [Language] { hasRunner == false ? languages.filter { $0 == .command } : languages }

    /// Begins a sentence.
    static let withoutRunner =
        "The definition’s image does not say that it has the runner (its tag batchport:runner=1), so"

    /// On pages: what can be used, and why no more.
    var languageWords: HTML {
        let words = usableLanguages.map(\.word).joined(separator: ", ")
        if hasRunner != false { return "\(words)" }
        return """
            \(words.isEmpty ? "None" : words) <span class="dim">– \(Self.withoutRunner) no other language can be sent.</span>
            """
    }
}

extension SubmissionRules {
    mutating func checkWithoutRunner() {
        guard environment.hasRunner == false else { return }
        func because(_ sentence: String) -> String { BatchEnvironment.withoutRunner + " " + sentence }
        if request.language != Language.command.rawValue {
            refuse("/code/language", "noRunner", because("only commands can be sent."))
        }
        if request.jobType == "Array" {
            refuse("/jobType", "noRunner", because("nothing there calls a command for each element."))
        }
        if !request.inputFiles.isEmpty {
            refuse("/inputFiles", "noRunner", because("nothing there fetches input files."))
        }
    }
}

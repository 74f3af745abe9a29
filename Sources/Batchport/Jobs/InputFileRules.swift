import JobManifest

/// What the name of an input file must be: it becomes a file beside the code, and never a path (jobs.md).
enum InputFileRules {
    static func problems(_ names: [String], atMost limit: Int) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        if names.count > limit {
            problems.append(
                .init("/inputFiles", "tooMany", "There may be at most \(limit) input files.", limit: limit))
        }
        var seen: Set<String> = []
        for name in names {
            if let objection = objection(name) {
                problems.append(.init("/inputFiles", "badName", "The input file \(quoted(name)) \(objection)."))
            } else if !seen.insert(name).inserted {
                problems.append(.init("/inputFiles", "duplicate", "The input file \(quoted(name)) is there twice."))
            }
        }
        return problems
    }

    static func objection(_ name: String) -> String? {
        if name.isEmpty { return "has no name" }
        if name.utf8.count > 255 { return "has a name of more than 255 bytes" }
        if name == "." || name == ".." { return "has a name that means a folder" }
        if name.contains("/") || name.contains("\\") { return "has a separator in its name" }
        if !TextRules.isPlain(name) { return "has control characters in its name" }
        if InputFileNames.reserved.contains(name) { return "has a name that Batchport needs itself" }
        return nil
    }

    /// Shown in an error: short, and without what cannot be shown.
    private static func quoted(_ name: String) -> String {
        let shown = String(String.UnicodeScalarView(name.unicodeScalars.filter { TextRules.isPlain(String($0)) }.prefix(80)))
        return "\u{201C}\(shown)\u{201D}"
    }
}

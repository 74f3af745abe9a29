import JobManifest

/// What the names of input files must be: files beside the code, and never paths (jobs.md).
enum InputFileRules {
    static func problems(
        _ names: [String], atMost limit: Int, at pointer: String = "/inputFiles"
    ) -> [Failure.Problem] {
        var problems: [Failure.Problem] = []
        if names.count > limit {
            problems.append(
                .init(pointer, "tooMany", "There may be at most \(limit) input files.", limit: limit))
        }
        var seen: Set<String> = []
        for name in names {
            if let fault = InputName.fault(in: name) {
                problems.append(
                    .init(pointer, "badName", "The input file's name \(quoted(name)) \(fault.sentence)"))
            } else if !seen.insert(name).inserted {
                problems.append(.init(pointer, "duplicate", "The input file \(quoted(name)) is there twice."))
            }
        }
        return problems
    }

    private static func quoted(_ name: String) -> String { "\u{201C}\(TextRules.shown(name))\u{201D}" }
}

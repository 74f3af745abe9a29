import HTTP

/// A first job to try an environment with: it says something, and leaves a file where the runner keeps one.
enum TestJob {
    /// The form of a new job, filled in. Without an environment it is in Python, for the first that can be used.
    static func address(in environment: BatchEnvironment? = nil) -> String {
        let language = environment.map { $0.usableLanguages.first ?? .command } ?? .python
        var fields = [("name", "test job"), ("language", language.rawValue)]
        if let environment { fields.insert(("environment", environment.name), at: 0) }
        fields.append(language == .command ? ("argv", "echo\nIt works.") : ("source", source(language)))
        return "/jobs/new?" + fields.map { "\($0)=\(percentEncode($1))" }.joined(separator: "&")
    }

    private static func source(_ language: Language) -> String {
        switch language {
        case .python: "print('It works.')\nopen('output/hello.txt', 'w').write('It works.\\n')\n"
        case .wolfram: "Print[\"It works.\"];\nExport[\"output/hello.txt\", \"It works.\", \"Text\"];\n1 + 1\n"
        case .shell, .command: "echo 'It works.' | tee output/hello.txt\n"
        }
    }
}

internal import JobManifest
internal import Processes

/// What evaluates Wolfram Language: the image's `wolframscript`, or where there is none the kernel Mathics 3.
enum Kernel {
    case wolframscript(String)
    /// The Python that it is installed for.
    case mathics(String)

    /// Where the runner's images have Mathics 3.
    static let mathicsFolder = "/opt/mathics3/bin"

    init(path: String) throws(RunnerFault) {
        if let program = try? Program.find(["wolframscript"], path) {
            self = .wolframscript(program)
        } else if let program = try? Program.find(["mathics3"], path + ":" + Self.mathicsFolder) {
            self = .mathics(try Self.python(of: program, path))
        } else {
            throw RunnerFault(
                .notFound, "This image has neither wolframscript nor mathics3, along its PATH \(quoted(path)).")
        }
    }

    /// Beside it in a virtual environment; else the one in PATH.
    private static func python(of program: String, _ path: String) throws(RunnerFault) -> String {
        let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return try Program.find(["python3"], folder + ":" + path)
    }

    /// Evaluates the whole source once.
    func program(_ manifest: JobManifest, _ folder: WorkingDirectory) throws(RunnerFault) -> Program {
        let facts = [
            Program.source(manifest.code), folder.record, manifest.resultFormat.rawValue,
            String(manifest.limits.resultBytes),
        ]
        switch self {
        case .mathics(let python):
            return Program(python, [try folder.write(MathicsScript.name, MathicsScript.text)] + facts)
        case .wolframscript(let program):
            return Program(program, ["-file", try folder.write(WolframScript.name, WolframScript.text)] + facts)
        }
    }
}

extension WorkingDirectory {
    /// Into the runner's own folder; answers where.
    func write(_ name: String, _ text: String) throws(RunnerFault) -> String {
        let place = own + "/" + name
        do { try File.write(Array(text.utf8), to: place) } catch {
            throw RunnerFault(.disk, "The runner's own files cannot be written: \(error).")
        }
        return place
    }

    func initialization(_ code: JobManifest.Code) -> String { own + "/initialization-" + Program.source(code) }
}

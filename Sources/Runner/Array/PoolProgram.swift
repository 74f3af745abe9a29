internal import JobManifest
internal import Processes

/// The program that keeps an array's workers, by language.
struct PoolProgram {
    let manifest: JobManifest
    let work: ArrayWork
    let folder: WorkingDirectory
    /// Of the pipes, and how many there are.
    let pipes: String
    let workers: Int
    /// The code's own PATH.
    let path: String

    func program() throws(RunnerFault) -> Program {
        switch manifest.code {
        case .python:
            return try pool(Program.find(["python3"], path), "python_language", PythonScript.name, PythonScript.text)
        case .wolfram:
            switch try Kernel(path: path) {
            case .mathics(let python):
                return try pool(python, "mathics_language", MathicsScript.name, MathicsScript.text)
            case .wolframscript(let program): return try kernels(program)
            }
        case .shell:
            return try shell(source: folder.path + "/" + Program.source(manifest.code), function: work.function)
        case .command(let argv):
            let program = try Program.command(argv[0], path, folder)
            let words = ([program] + argv.dropFirst()).map(Self.quote).joined(separator: " ")
            let source = "batchport_command() { \(words) \"$1\"; }\n"
            return try shell(source: folder.write("command.sh", source), function: "batchport_command")
        }
    }

    private var facts: [String] {
        [
            Program.source(manifest.code), initialization, work.function, String(manifest.limits.resultBytes),
            manifest.resultFormat.rawValue,
        ]
    }

    private var initialization: String { work.initialization == nil ? "" : folder.initialization(manifest.code) }

    private func pool(
        _ python: String, _ language: String, _ name: String, _ text: String
    ) throws(RunnerFault) -> Program {
        _ = try folder.write(name, text)
        let script = try folder.write(PoolScript.name, PoolScript.text)
        return Program(python, [script, folder.own, String(workers), language] + facts)
    }

    private func shell(source: String, function: String) throws(RunnerFault) -> Program {
        let script = try folder.write(ShellScript.name, ShellScript.text)
        let arguments = [script, folder.own, String(workers), source, initialization, function]
        return Program(try Program.find(["bash", "sh"], path + ":/bin"), arguments)
    }

    private func kernels(_ program: String) throws(RunnerFault) -> Program {
        let worker = try folder.write(WolframWorkerScript.name, WolframWorkerScript.text)
        let script = try folder.write(KeepScript.name, KeepScript.text)
        let kernel = [program, "-file", worker, folder.own] + facts
        return Program(
            try Program.find(["bash", "sh"], path + ":/bin"), [script, folder.own, String(workers)] + kernel)
    }

    /// As the shell reads it back.
    static func quote(_ word: String) -> String { "'" + word.replacing("'", with: "'\\''") + "'" }
}

/// `sh keep.sh FOLDER WORKERS PROGRAM ARGUMENT…`: keeps workers that are processes of one program, with the slot's number
/// as its last argument.
enum KeepScript {
    static let name = "keep.sh"

    static let text = #"""
        folder=$1 workers=$2
        shift 2

        keep() {
            slot=$1
            shift
            while :; do
                "$@" "$slot"
                status=$?
                printf 'ended %s %s\n' "$slot" "$status" >"$folder/control"
                [ "$status" -ne 75 ] || return 0
            done
        }

        slot=0
        while [ "$slot" -lt "$workers" ]; do
            keep "$slot" "$@" &
            slot=$((slot + 1))
        done
        wait
        """#
}

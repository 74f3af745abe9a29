internal import FoundationEssentials
internal import JobManifest
internal import Processes

/// `batchport-runner s3://BUCKET/{prefix}jobs/{uuid}/manifest.json`: fetches a job's code and input files, runs the
/// code, and uploads its outputs, its result and how it went. Ends with the code's own exit code (128 + n for signal
/// n), or with a `RunnerFault.Code`.
package enum RunnerProgram {
    /// To be blocked before anything else.
    package static let signals = Evaluation.passedOn + [Signals.child]

    /// `arguments` without the program's own name.
    package static func run(_ arguments: [String]) -> Int32 {
        let environment = ProcessInfo.processInfo.environment
        // Without /proc the Swift runtime knows no arguments.
        let arguments = arguments.isEmpty ? [environment.nonEmpty("BATCHPORT_ARGUMENT")].compactMap(\.self) : arguments
        if arguments == ["--version"] {
            print("batchport-runner, for manifests of version \(JobManifest.version)")
            return 0
        }
        do throws(RunnerFault) {
            return try Attempt(RunnerSettings(arguments: arguments, environment: environment)).run()
        } catch {
            StandardError.write(line: "batchport-runner: \(error)")
            return error.code.rawValue
        }
    }
}

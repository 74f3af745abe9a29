/// Why the runner could not do its own part. Its exit codes stand apart from what programs usually end with; the
/// outcome tells for certain whose end it was.
package struct RunnerFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Int32, Sendable, CaseIterable {
        /// The command line or the container's own variables are unusable; the launcher ends so, too.
        case setup = 70
        /// No AWS credentials.
        case credentials = 71
        /// The manifest cannot be fetched, or is not one that this runner knows.
        case manifest = 72
        /// Code or an input file cannot be fetched.
        case download = 73
        /// Code or an input file is not what the manifest says.
        case checksum = 74
        /// No place to work in, or no space.
        case disk = 75
        /// Outputs, result or outcome could not be uploaded.
        case upload = 76
        /// The code's program is there but cannot be started, as a shell says it.
        case notExecutable = 126
        /// The code's program is not there, as a shell says it.
        case notFound = 127
        /// SIGINT and SIGTERM before the code was started.
        case interrupted = 130
        case terminated = 143
    }

    package let code: Code
    /// A whole sentence, for the person whose job it is.
    package let description: String

    /// The container was told to stop.
    var isStop: Bool { code == .interrupted || code == .terminated }

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

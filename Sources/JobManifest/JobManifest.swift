/// What the portal tells the runner: one job's code, input files and environment, as `manifest.json` (version 1).
///
/// A member that is not known is ignored, so that a newer portal can say more to an older runner; what an older
/// runner must not ignore needs a new version.
package struct JobManifest: Sendable, Equatable {
    package static let version = 1

    /// The JobUUID in lower case.
    package var job: String
    package var jobType: JobType
    package var code: Code
    package var inputFiles: [InputFile]
    /// Plain variables for the code, on top of the container's own.
    package var environment: [String: String]
    package var resultFormat: ResultFormat

    package init(
        job: String, jobType: JobType = .single, code: Code, inputFiles: [InputFile] = [],
        environment: [String: String] = [:], resultFormat: ResultFormat = .json
    ) {
        self.job = job.lowercased()
        self.jobType = jobType
        self.code = code
        self.inputFiles = inputFiles
        self.environment = environment
        self.resultFormat = resultFormat
    }

    package enum JobType: String, Sendable, CaseIterable {
        case single = "Single"
    }

    package enum Language: String, Sendable, CaseIterable {
        case shell, python, command
    }

    package enum ResultFormat: String, Sendable, CaseIterable {
        case json
    }

    package enum Code: Sendable, Equatable {
        /// Run by `/bin/bash`, or `/bin/sh` where the image has none.
        case shell(StoredObject)
        /// Run by `python3`.
        case python(StoredObject)
        /// A program and its arguments, looked up in PATH.
        case command([String])

        package var language: Language {
            switch self {
            case .shell: .shell
            case .python: .python
            case .command: .command
            }
        }

        /// The stored source; a command has none.
        package var source: StoredObject? {
            switch self {
            case .shell(let object), .python(let object): object
            case .command: nil
            }
        }
    }

    package struct InputFile: Sendable, Equatable {
        /// The file's name in the working directory, see `InputName`.
        package let name: String
        package let object: StoredObject

        package init(name: String, object: StoredObject) {
            self.name = name
            self.object = object
        }
    }
}

/// What the portal tells the runner: one job's code, input files and environment, as `manifest.json` (version 1).
///
/// A member that is not known is ignored, so that a newer portal can say more to an older runner; what an older
/// runner must not ignore needs a new version.
package struct JobManifest: Sendable, Equatable {
    package static let version = 1

    /// The JobUUID in lower case.
    package var job: String
    package var jobType: JobType { array == nil ? .single : .array }
    package var code: Code
    package var inputFiles: [InputFile]
    /// Plain variables for the code, on top of the container's own.
    package var environment: [String: String]
    package var resultFormat: ResultFormat
    /// The job's effective vCPU count, a fraction rounded up: how many threads numerical libraries start by default.
    package var vcpus: Int?
    package var limits: Limits
    /// Of an array only.
    package var array: ArrayWork?

    package init(
        job: String, code: Code, inputFiles: [InputFile] = [],
        environment: [String: String] = [:], resultFormat: ResultFormat = .json, vcpus: Int? = nil,
        limits: Limits = Limits(), array: ArrayWork? = nil
    ) {
        self.job = job.lowercased()
        self.code = code
        self.inputFiles = inputFiles
        self.environment = environment
        self.resultFormat = resultFormat
        self.vcpus = vcpus
        self.limits = limits
        self.array = array
    }

    /// Processes that call an array's function at once.
    package var workers: Int { array?.workers ?? vcpus ?? 1 }

    package enum JobType: String, Sendable, CaseIterable {
        case single = "Single"
        case array = "Array"
    }

    package enum Language: String, Sendable, CaseIterable {
        case shell, python, wolfram, command
    }

    package enum ResultFormat: String, Sendable, CaseIterable {
        case json
        /// Wolfram Language text, also of values that JSON has a form for.
        case inputForm
    }

    /// How much of what the code leaves is taken. A manifest that says nothing gets the defaults.
    package struct Limits: Sendable, Equatable {
        /// The largest result, of an array: of one element.
        package var resultBytes = 1 << 20
        /// The most output files; those after it in the order of their paths are left out, with a message.
        package var outputFiles = 10_000

        package init() {}
    }

    package enum Code: Sendable, Equatable {
        /// Run by `/bin/bash`, or `/bin/sh` where the image has none.
        case shell(StoredObject)
        /// Run by `python3`.
        case python(StoredObject)
        /// Evaluated by a Wolfram Language kernel.
        case wolfram(StoredObject)
        /// A program and its arguments, looked up in PATH.
        case command([String])

        package var language: Language {
            switch self {
            case .shell: .shell
            case .python: .python
            case .wolfram: .wolfram
            case .command: .command
            }
        }

        /// The stored source; a command has none.
        package var source: StoredObject? {
            switch self {
            case .shell(let object), .python(let object), .wolfram(let object): object
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

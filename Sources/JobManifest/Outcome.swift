/// What the runner tells the portal about one attempt, as `outcome.json` (version 1). It is uploaded last: when it is
/// there, everything that it names is there too.
package struct Outcome: Sendable, Equatable {
    package static let version = 1

    /// The JobUUID in lower case.
    package var job: String
    /// Of an array: which of its children, from 0.
    package var child: Int?
    /// AWS_BATCH_JOB_ATTEMPT, from 1.
    package var attempt: Int
    package var phase: Phase
    /// How the code ended; nil if it was never started.
    package var exit: Exit?
    /// When the code started and ended, in milliseconds since the epoch.
    package var startedAt: Int64?
    package var stoppedAt: Int64?
    /// The code's processor time (user and system, with all the processes it waited for) and elapsed time.
    package var cpuMilliseconds: Int64?
    package var elapsedMilliseconds: Int64?
    /// The largest resident memory of any one of the code's processes; never below what the runner itself had when it
    /// started the code (some 30 MiB), which the kernel counts for its children.
    package var peakMemoryKiB: Int64?
    package var outputs: [Output]
    package var result: Result
    /// Of an array's child: what became of its elements; nil until it has come to them.
    package var elements: Elements?
    /// What a kernel says of the evaluation, apart from how its process ended; of other languages nil.
    package var evaluation: Evaluation?
    /// What a person should know: files left out, a signal passed on, why the code did not run.
    package var messages: [String]

    package init(job: String, child: Int? = nil, attempt: Int, phase: Phase, result: Result) {
        self.job = job
        self.child = child
        self.attempt = attempt
        self.phase = phase
        self.outputs = []
        self.result = result
        self.messages = []
    }

    /// How far the attempt came: `complete` means that the code ended and everything it left was uploaded.
    package enum Phase: String, Sendable, CaseIterable {
        case download, evaluate, upload, complete
    }

    package enum Exit: Sendable, Equatable {
        case code(Int)
        case signal(Int)

        /// The job's exit code, as a shell would give it: 128 + n for signal n.
        package var status: Int {
            switch self {
            case .code(let code): code
            case .signal(let number): 128 + number
            }
        }
    }

    package struct Output: Sendable, Equatable {
        /// Relative to `output/`, see `OutputPath`.
        package let path: String
        package let object: StoredObject
        package let contentType: String

        package init(path: String, object: StoredObject, contentType: String) {
            self.path = path
            self.object = object
            self.contentType = contentType
        }
    }

    package struct Elements: Sendable, Equatable {
        /// Of the child's span.
        package var count: Int
        package var succeeded = 0
        package var failed = 0
        /// Objects with results that were uploaded.
        package var parts = 0

        package init(count: Int) { self.count = count }
    }

    package struct Evaluation: Sendable, Equatable {
        /// Whether it came to its end without a message.
        package var success: Bool
        /// As the kernel shows them, the first hundred.
        package var messages: [String]
        /// The value's Wolfram Language text, if it has at most 64 KiB.
        package var inputForm: String?

        package init(success: Bool, messages: [String], inputForm: String? = nil) {
            self.success = success
            self.messages = messages
            self.inputForm = inputForm
        }
    }

    package enum Result: Sendable, Equatable {
        case stored(StoredObject)
        case missing(Cause, detail: String)

        /// The deepest nesting of a result's JSON.
        package static let maxDepth = 512

        /// A subset of the causes in the product's vocabulary.
        package enum Cause: String, Sendable, CaseIterable {
            case notWritten, invalid, tooLarge, evaluationFailed, failed
        }
    }
}

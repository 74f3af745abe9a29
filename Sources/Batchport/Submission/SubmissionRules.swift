import JobManifest
import Processes

/// Everything that can be known to be wrong before anything leaves the machine, all of it at once (trust.md S25).
struct SubmissionRules {
    let request: JobRequest
    let environment: BatchEnvironment
    let codeLimit: Int
    let inputsLimit: Int

    private(set) var problems: [Failure.Problem] = []
    private(set) var effective: EffectiveSettings?

    init(_ request: JobRequest, in environment: BatchEnvironment, codeLimit: Int, inputsLimit: Int) {
        self.request = request
        self.environment = environment
        self.codeLimit = codeLimit
        self.inputsLimit = inputsLimit
        problems += TextRules.problems("/name", "The name", request.name, longest: 128)
        checkKind()
        checkCode()
        problems += InputFileRules.problems(request.inputFiles.map(\.name), atMost: inputsLimit)
        checkVariables()
        checkTags()
        checkSettings()
        checkRequest()
    }

    mutating func refuse(_ pointer: String, _ code: String, _ message: String, limit: Int? = nil) {
        problems.append(.init(pointer, code, message, limit: limit))
    }

    private mutating func checkKind() {
        if !["Single", "Array"].contains(request.jobType) {
            refuse("/jobType", "unsupported", "The job's type must be Single or Array.")
        }
        if !["json", "inputForm"].contains(request.resultFormat) {
            refuse("/resultFormat", "unsupported", "The result's format must be json or inputForm.")
        } else if request.resultFormat == "inputForm", request.language != "wolfram" {
            refuse("/resultFormat", "unsupported", "Only Wolfram Language has results in InputForm.")
        }
        if let closed = environment.whyClosed { problems.append(closed) }
        if environment.identityIsGone {
            refuse(
                "/environment", "credentialGone",
                "The credential that the environment \(environment.name) signs with was deleted; an admin can give it another."
            )
        }
        checkWithoutRunner()
    }

    private mutating func checkCode() {
        guard let language = Language(rawValue: request.language), environment.languages.contains(language) else {
            let known = environment.usableLanguages.map(\.rawValue).joined(separator: ", ")
            // Without the runner it is told already why.
            if environment.hasRunner == false, request.language != Language.command.rawValue { return }
            return refuse(
                "/code/language", "unknown",
                known.isEmpty
                    ? "Nothing can be sent here: Command is none of its languages."
                    : "The language must be one of: \(known).")
        }
        if language == .command {
            if request.argv.isEmpty || request.argv.contains("") {
                refuse("/code/argv", "empty", "A command needs its program and arguments, none of them empty.")
            }
            let characters = request.argv.reduce(0) { $0 + $1.utf8.count + 3 }
            if request.argv.contains(where: { $0.utf8.contains(0) }) {
                refuse("/code/argv", "controlCharacter", "A command must not hold NUL characters.")
            }
            if characters > 4096 {
                refuse("/code/argv", "tooLong", "A command may have at most 4,096 characters.", limit: 4096)
            }
        } else {
            let size = request.source.utf8.count
            if size == 0 { refuse("/code/source", "empty", "The code must not be empty.") }
            if size > codeLimit {
                refuse(
                    "/code/source", "tooLong",
                    "The code has \(Words.count(size)) bytes; at most \(Words.count(codeLimit)).",
                    limit: codeLimit)
            }
        }
    }

    private mutating func checkVariables() {
        var seen: Set<String> = []
        for variable in request.variables {
            if !seen.insert(variable.name).inserted {
                refuse("/env", "duplicate", "The variable \(TextRules.shown(variable.name)) is there twice.")
            }
            if let fault = VariableName.refusal(of: variable.name) {
                refuse("/env", "malformed", "The variable \u{201C}\(TextRules.shown(variable.name))\u{201D} \(fault).")
            } else if variable.value.utf8.contains(0) {
                refuse(
                    "/env", "controlCharacter", "The variable \(TextRules.shown(variable.name)) holds a NUL character.")
            }
        }
        for variable in request.variables where environment.variables[variable.name]?.isSealed == true {
            refuse("/env", "sealed", "The variable \u{201C}\(variable.name)\u{201D} is set by the environment itself.")
        }
        let size = request.variables.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 25 }
        if size > 3000 { refuse("/env", "tooLong", "Variables may have at most 3,000 characters in all.", limit: 3000) }
    }

    private mutating func checkTags() {
        problems += TagRules.problems("/tags", request.tags, atMost: 40)
        for tag in request.tags where environment.forcedTags[tag.name] != nil {
            refuse("/tags", "forced", "The tag \u{201C}\(tag.name)\u{201D} is set by the environment itself.")
        }
    }

    private mutating func checkSettings() {
        if let latest = request.startBefore, latest <= Clock.milliseconds() {
            refuse("/startBefore", "past", "The time before which the job must be sent is over already.")
        }
        let limits = environment.limits
        let gpu = amount(.gpuCount, "GPUCount", Quantity.count(request.gpuCount), 0...limits.gpus)
        let vcpu = amount(.vcpuCount, "VCPUCount", Quantity.count(request.vcpuCount), 1...limits.vcpus)
        let memory = amount(.memory, "Memory", Quantity.memory(request.memory), 4...limits.memoryMiB, " MiB")
        if let seconds = request.timeConstraint {
            if seconds < 60 {
                refuse("/timeConstraint", "tooSmall", "The time limit must be at least 60 seconds.", limit: 60)
            }
            let most = limits.seconds ?? Int(Int32.max)
            if seconds > most {
                refuse(
                    "/timeConstraint", "tooLarge",
                    "The time limit is more than the \(Words.count(most)) seconds \(limits.allowed(.timeConstraint)).",
                    limit: most)
            }
        }
        if let problem = environment.whyNotReady { problems.append(problem) }
        guard let definition = environment.definition else { return }
        guard let gpu, let vcpu, let memory else { return }
        let effective = EffectiveSettings(
            gpu: gpu, vcpu: vcpu, memory: memory, timeConstraint: request.timeConstraint, environment: environment,
            definition: definition)
        self.effective = effective
        problems += effective.problems(in: environment)
    }

    private mutating func amount(
        _ limit: PersonLimits.Name, _ name: String, _ quantity: Quantity?, _ range: ClosedRange<Int>,
        _ unit: String = ""
    ) -> Quantity? {
        let pointer = "/settings/" + limit.rawValue
        guard let quantity else {
            let kinds =
                unit.isEmpty
                ? "Inherited or a whole number"
                : "Automatic, Inherited, or a quantity such as 8 GiB, 512 MiB or 2 GB; a number without a unit is in MiB"
            refuse(pointer, "malformed", "\(name) must be \(kinds).")
            return nil
        }
        guard case .amount(let value) = quantity else { return quantity }
        if value < range.lowerBound {
            refuse(
                pointer, "tooSmall", "\(name) must be at least \(range.lowerBound)\(unit).", limit: range.lowerBound)
            return nil
        }
        if value > range.upperBound {
            refuse(
                pointer, "tooLarge",
                "\(name) of \(Words.count(value))\(unit) is more than the \(Words.count(range.upperBound))\(unit) \(environment.limits.allowed(limit)).",
                limit: range.upperBound)
            return nil
        }
        return quantity
    }
}

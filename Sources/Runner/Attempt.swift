internal import JobManifest
internal import Processes

/// One attempt of one job, from its manifest to its outcome.
struct Attempt: ~Copyable {
    private let settings: RunnerSettings
    private var keys: JobKeys
    private var bucket: Bucket
    private var notes = Notes()
    private var outcome: Outcome
    private var fault: RunnerFault?

    init(_ settings: RunnerSettings) throws(RunnerFault) {
        self.settings = settings
        keys = settings.child.map { settings.manifest.keys.ofChild($0) } ?? settings.manifest.keys
        outcome = Outcome(
            job: keys.job, child: settings.child, attempt: settings.attempt, phase: .download,
            result: .missing(.failed, detail: "The code was not started."))
        bucket = try Bucket(settings)
    }

    /// Returns the exit code: the code's own, or if that is 0 or there is none, what kept the runner from its part.
    consuming func run() -> Int32 {
        do throws(RunnerFault) {
            let manifest = try bucket.manifest(settings.manifest, digest: settings.manifestDigest)
            let folder = try WorkingDirectory(settings.environment)
            try fetch(manifest, to: folder)
            if let work = manifest.array {
                try evaluate(work, manifest, folder)
                try uploadFiles(folder, manifest.limits)
            } else {
                let exit = try evaluate(manifest, folder)
                try upload(folder, manifest.limits, exit)
            }
            outcome.phase = .complete
        } catch { note(error) }
        uploadOutcome()
        let exit = outcome.exit.map { Int32($0.status) } ?? 0
        return exit != 0 ? exit : fault?.code.rawValue ?? 0
    }

    private mutating func fetch(_ manifest: JobManifest, to folder: WorkingDirectory) throws(RunnerFault) {
        if let source = manifest.code.source {
            try bucket.fetch(source, to: folder.path + "/" + Program.source(manifest.code), "The code")
        }
        for file in manifest.inputFiles {
            try bucket.fetch(file.object, to: folder.path + "/" + file.name, "The input file \(quoted(file.name))")
        }
    }

    private mutating func evaluate(_ manifest: JobManifest, _ folder: WorkingDirectory) throws(RunnerFault) -> Exit {
        outcome.phase = .evaluate
        let variables = variables(manifest, folder)
        let program = try Program(manifest, path: variables["PATH"] ?? Program.usualPath, folder)
        try Bucket.checkSignals()
        let evaluation = try Evaluation.run(
            program, variables, folder, stopMilliseconds: settings.stopMilliseconds, &notes)
        record(evaluation)
        outcome.result = .missing(.failed, detail: "The result could not be uploaded.")
        return evaluation.exit
    }

    private borrowing func variables(_ manifest: JobManifest, _ folder: WorkingDirectory) -> [String: String] {
        CodeEnvironment.make(
            manifest, child: keys.child, attempt: settings.attempt, folder, container: settings.environment)
    }

    /// An array's child: its elements' results go to the bucket while they come.
    private mutating func evaluate(
        _ work: ArrayWork, _ manifest: JobManifest, _ folder: WorkingDirectory
    ) throws(RunnerFault) {
        let child = settings.child ?? 0
        (keys, outcome.child) = (settings.manifest.keys.ofChild(child), child)
        outcome.result = .missing(.notWritten, detail: "An array's results are its elements'.")
        guard child < work.spans.children else {
            throw RunnerFault(
                .setup, "AWS_BATCH_JOB_ARRAY_INDEX is \(child); there are \(work.spans.children) children.")
        }
        if let object = work.initialization {
            try bucket.fetch(object, to: folder.initialization(manifest.code), "The initialization")
        }
        let span = try bucket.elements(work, of: child, to: folder.own + "/elements")
        outcome.phase = .evaluate
        let variables = variables(manifest, folder)
        let evaluation = try ArrayEvaluation(settings, keys, child, manifest, work).run(
            span, variables, folder, &notes)
        record(evaluation.process)
        outcome.elements = evaluation.elements
        outcome.evaluation = evaluation.said
        outcome.exit = evaluation.exit.outcome
        if let shortfall = evaluation.shortfall { outcome.result = .missing(.failed, detail: shortfall) }
        if let fault = evaluation.fault { throw fault }
    }

    private mutating func record(_ evaluation: Evaluation) {
        bucket.endsAtSignal = false
        outcome.exit = evaluation.exit.outcome
        outcome.startedAt = evaluation.startedAt
        outcome.stoppedAt = evaluation.stoppedAt
        outcome.cpuMilliseconds = evaluation.cpuMilliseconds
        outcome.elapsedMilliseconds = evaluation.elapsedMilliseconds
        outcome.peakMemoryKiB = evaluation.peakMemoryKiB
        if case .signal(let number) = evaluation.exit { notes.add("The code was ended by signal \(number).") }
    }

    private mutating func upload(
        _ folder: WorkingDirectory, _ limits: JobManifest.Limits, _ exit: Exit
    ) throws(RunnerFault) {
        outcome.phase = .upload
        if let bytes = try? File.read(folder.record) { outcome.evaluation = try? Outcome.Evaluation(bytes: bytes) }
        let hasFailed = outcome.evaluation.map { !$0.success && $0.inputForm == nil } ?? false
        try uploadResult(
            ResultFile.read(folder.result, limit: limits.resultBytes, after: exit, evaluationFailed: hasFailed))
        try uploadFiles(folder, limits)
    }

    private mutating func uploadFiles(_ folder: WorkingDirectory, _ limits: JobManifest.Limits) throws(RunnerFault) {
        outcome.phase = .upload
        let files = OutputFolder(folder.output, limit: limits.outputFiles)
        for sentence in files.leftOut { notes.add(sentence) }
        for path in files.paths { try uploadOutput(path, folder) }
    }

    private mutating func uploadResult(_ result: ResultFile) throws(RunnerFault) {
        switch result {
        case .value(let bytes):
            let key = keys.result(attempt: settings.attempt)
            outcome.result = .stored(try bucket.put(bytes, key: key, "application/json", "The result"))
        case .missing(let cause, let detail):
            outcome.result = .missing(cause, detail: detail)
            if cause == .invalid || cause == .tooLarge { notes.add("There is no result: \(detail)") }
        }
    }

    private mutating func uploadOutput(_ path: String, _ folder: WorkingDirectory) throws(RunnerFault) {
        let name = "The output \(quoted(path))"
        let contentType = ContentType.of(path)
        do {
            let object = try bucket.put(
                file: folder.output + "/" + path, key: keys.output(path, attempt: settings.attempt), contentType, name)
            outcome.outputs.append(.init(path: path, object: object, contentType: contentType))
        } catch let fault as RunnerFault {
            throw fault
        } catch { notes.add("\(name) cannot be read (\(error)): left out.") }
    }

    private mutating func note(_ fault: RunnerFault) {
        self.fault = fault
        notes.add(fault.description)
        if outcome.exit == nil { outcome.result = .missing(.failed, detail: fault.description) }
    }

    /// Last, so that all it names is there. Without credentials there is no way to leave it.
    private mutating func uploadOutcome() {
        guard fault?.code != .credentials else { return }
        // Who was told to stop has no time to wait for better days.
        if fault?.isStop == true { bucket.patience = 0 }
        bucket.endsAtSignal = false
        outcome.messages = notes.messages
        do throws(RunnerFault) {
            try bucket.put(
                outcome.bytes, key: keys.outcome(attempt: settings.attempt), "application/json", "The outcome")
        } catch {
            notes.add(error.description)
            fault = fault ?? error
        }
    }
}

internal import JobManifest
internal import Processes

/// A child's elements from the first to the last, as far as they come.
struct ArrayEvaluation {
    private let settings: RunnerSettings
    private let keys: JobKeys
    private let child: Int
    private let manifest: JobManifest
    private let work: ArrayWork

    init(_ settings: RunnerSettings, _ keys: JobKeys, _ child: Int, _ manifest: JobManifest, _ work: ArrayWork) {
        self.settings = settings
        self.keys = keys
        self.child = child
        self.manifest = manifest
        self.work = work
    }

    struct Ended {
        let process: Evaluation
        /// The child's: that of the code, or 1 where an element failed.
        let exit: Exit
        let elements: Outcome.Elements
        let said: Outcome.Evaluation
        /// Why elements may have no result, where the workers did not come to all of them.
        let shortfall: String?
        let fault: RunnerFault?
    }

    func run(
        _ span: consuming ElementSpan, _ variables: [String: String], _ folder: WorkingDirectory, _ notes: inout Notes
    ) throws(RunnerFault) -> Ended {
        let results: ResultUploads
        let pool: WorkerPool
        let uploader: Thread
        do {
            results = try ResultUploads(settings, keys, of: child)
            pool = try WorkerPool(
                span, workers: manifest.workers, limit: manifest.limits.resultBytes, folder: folder.own, results)
            uploader = try results.start()
        } catch { throw RunnerFault(.setup, "The workers cannot be started: \(error).") }
        let process: Evaluation
        do throws(RunnerFault) {
            let program = PoolProgram(
                manifest: manifest, work: work, folder: folder, pipes: folder.own, workers: pool.workers,
                path: variables["PATH"] ?? Program.usualPath)
            try Bucket.checkSignals()
            process = try Evaluation.run(
                program.program(), variables, folder, stopMilliseconds: settings.stopMilliseconds, serving: pool, &notes
            )
        } catch {
            _ = try? results.finish(uploader)
            throw error
        }
        pool.takeTheRest()
        var (elements, fault) = (pool.elements, pool.fault)
        do throws(RunnerFault) { elements.parts = try results.finish(uploader) } catch { fault = fault ?? error }
        let shortfall = shortfall(process, pool)
        if let shortfall { notes.add(shortfall) }
        return Ended(
            process: process, exit: exit(process, pool, &notes), elements: elements,
            said: .init(
                success: pool.isComplete && elements.failed == 0 && pool.messages.isEmpty, messages: pool.messages),
            shortfall: shortfall, fault: fault)
    }

    private func shortfall(_ process: Evaluation, _ pool: WorkerPool) -> String? {
        if let unloadable = pool.unloadable { return "The code could not be loaded: \(unloadable)" }
        if pool.isComplete { return nil }
        let end =
            switch process.exit {
            case .code(0): "The code ended"
            case .code(let code): "The code ended with exit code \(code)"
            case .signal(let number): "The code was ended by signal \(number)"
            }
        return end + " before all its elements were evaluated; its log may say why."
    }

    private func exit(_ process: Evaluation, _ pool: WorkerPool, _ notes: inout Notes) -> Exit {
        if pool.elements.failed > 0 {
            notes.add("\(pool.elements.failed) of \(pool.elements.count) elements failed.")
        }
        guard process.exit == .code(0) else { return process.exit }
        return pool.isComplete && pool.elements.failed == 0 ? process.exit : .code(1)
    }
}

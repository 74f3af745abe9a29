internal import Logging
internal import PostgreSQL
internal import Processes

/// One attempt from its claim to its end, on a thread of its own.
struct AttemptRun: Sendable {
    let attempt: Attempt
    let configuration: LocalExecutor.Configuration
    let root: SandboxRoot

    private var job: ClaimedJob { attempt.job }

    func run() {
        var ledger = AttemptLedger(attempt, configuration)
        let end = perform(&ledger)
        root.removeFolder(job.task)
        _ = ledger.persist { database in try end.store(job.key, &database) }
        attempt.end()
        _ = ledger.persist { database in try database.execute(LocalExecutor.wake) }
    }

    private func perform(_ ledger: inout AttemptLedger) -> AttemptEnd {
        do {
            let folder = try root.makeFolder(job.task)
            let plan = SandboxPlan(job, folder: folder, root: root, configuration: configuration)
            let started = try StartedSandbox.start(plan)
            attempt.attach(started.sandbox)
            return try follow(started, &ledger)
        } catch {
            configuration.log.error("a job did not start", metadata: ["task": "\(job.task)", "error": "\(error)"])
            return AttemptEnd(notStarted: "CannotCreateContainerError: \(error)", attempt)
        }
    }

    private func follow(_ started: borrowing StartedSandbox, _ ledger: inout AttemptLedger) throws -> AttemptEnd {
        if let failure = started.failure() {
            _ = started.sandbox.wait()
            return AttemptEnd(notStarted: failure, attempt)
        }
        attempt.start()
        let watch = try Watch.start(attempt, started.sandbox)
        let stream = ledger.begin()
        try LogCapture(stream).run(started.output) { events in ledger.store(events) }
        let exit = started.sandbox.wait()
        watch.join()
        return AttemptEnd(exit, attempt)
    }
}

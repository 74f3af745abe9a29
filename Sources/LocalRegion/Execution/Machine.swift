internal import Cryptography
internal import FoundationEssentials
internal import PostgreSQL
internal import Processes

/// What the executor's own thread knows: the room that is left, and the attempts under way.
struct Machine {
    private let configuration: LocalExecutor.Configuration
    private let root: SandboxRoot
    /// As EC2 would name it; another one at each start.
    private let instance = String("i-" + hex(randomBytes(9)).dropLast())
    private let whole: ResourceNeeds
    private var free: ResourceNeeds
    private var running: [Running] = []

    private struct Running {
        let attempt: Attempt
        let thread: Thread
    }

    init(_ configuration: LocalExecutor.Configuration, root: SandboxRoot) {
        self.configuration = configuration
        self.root = root
        whole = ResourceNeeds(
            vcpus: configuration.cores, memoryMiB: configuration.memoryMiB, gpus: configuration.gpus)
        free = whole
    }

    /// After a connection is made: false while another executor is still there. Attempts that nobody runs any more
    /// end now.
    mutating func begin(_ database: inout Connection) throws -> Bool {
        let isAlone = try database.row(
            "SELECT pg_try_advisory_lock(hashtextextended('batchport.local.executor', 0))"
        ) { row in try row.bool(0) }
        guard isAlone == true else { return false }
        let tasks = running.map(\.attempt.job.task)
        for lost in try database.unfinishedAttempts(besides: tasks) {
            try AttemptEnd(lost: lost.instance).store(lost.job, &database)
        }
        try database.explainJobs(notFitting: whole)
        try database.execute(
            "UPDATE compute_environments SET max_vcpus = \(whole.vcpus)::int WHERE name = 'batchport-local'")
        if running.isEmpty { root.clear() }
        return true
    }

    mutating func step(_ database: inout Connection) throws {
        collect()
        try database.promoteJobs(whole)
        try database.simulateJobs(instance: instance)
        for waiting in try database.runnableJobs(fitting: whole) {
            // First come, first served: a large job is not passed by smaller ones for ever.
            guard free.holds(waiting.needs) else { break }
            try start(waiting, &database)
        }
        try passOnStops(&database)
    }

    /// Gives back the room of those that have ended.
    private mutating func collect() {
        for ended in running where ended.attempt.hasEnded {
            ended.thread.join()
            free.add(ended.attempt.job.needs)
        }
        running.removeAll { $0.attempt.hasEnded }
    }

    private mutating func start(_ waiting: WaitingJob, _ database: inout Connection) throws {
        guard let job = try database.claim(waiting, instance: instance) else { return }
        let attempt = Attempt(job, graceSeconds: configuration.graceSeconds)
        let run = AttemptRun(attempt: attempt, configuration: configuration, root: root)
        let thread = try Thread.start(name: "job", stackSize: 2 << 20) { run.run() }
        free.subtract(job.needs)
        running.append(Running(attempt: attempt, thread: thread))
    }

    private func passOnStops(_ database: inout Connection) throws {
        guard !running.isEmpty else { return }
        for stop in try database.requestedStops() {
            running.first { $0.attempt.job.id == stop.job }?.attempt.stop(.asked(stop.reason))
        }
    }

    mutating func stop() {
        for run in running { run.attempt.stop(.host) }
        for run in running { run.thread.join() }
        running = []
    }
}

extension ResourceNeeds {
    func holds(_ other: ResourceNeeds) -> Bool {
        other.vcpus <= vcpus && other.memoryMiB <= memoryMiB && other.gpus <= gpus
    }

    mutating func add(_ other: ResourceNeeds) {
        vcpus += other.vcpus
        memoryMiB += other.memoryMiB
        gpus += other.gpus
    }

    mutating func subtract(_ other: ResourceNeeds) {
        vcpus -= other.vcpus
        memoryMiB -= other.memoryMiB
        gpus -= other.gpus
    }
}

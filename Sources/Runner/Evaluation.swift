internal import JobManifest
internal import Processes

/// The code from its start to its end, and the end of all that it leaves running.
struct Evaluation {
    private(set) var startedAt: Int64 = 0
    private(set) var stoppedAt: Int64 = 0
    private(set) var elapsedMilliseconds: Int64 = 0
    private(set) var cpuMilliseconds: Int64 = 0
    private(set) var peakMemoryKiB: Int64 = 0
    private(set) var exit = Exit.code(0)

    private let stopMilliseconds: Int
    /// Whose workers are served meanwhile.
    private let pool: WorkerPool?
    private var hasEnded = false
    /// When the code's group is killed, by the monotonic clock.
    private var deadline: Int64?

    static let passedOn = [Signals.terminate, Signals.interrupt]

    /// Waits for the end of the code; signals in `passedOn`, which must be blocked, reach its process group.
    static func run(
        _ program: Program, _ variables: [String: String], _ folder: WorkingDirectory, stopMilliseconds: Int,
        serving pool: WorkerPool? = nil, _ notes: inout Notes
    ) throws(RunnerFault) -> Evaluation {
        var evaluation = Evaluation(stopMilliseconds: stopMilliseconds, pool: pool)
        Child.adoptOrphans()
        evaluation.startedAt = Clock.milliseconds()
        let start = Clock.monotonicMilliseconds()
        let child = try launch(program, variables, folder)
        while !evaluation.hasEnded { evaluation.handleNext(child, &notes) }
        evaluation.elapsedMilliseconds = Clock.monotonicMilliseconds() - start
        evaluation.stoppedAt = Clock.milliseconds()
        evaluation.endLeftovers(of: child, &notes)
        return evaluation
    }

    private static func launch(
        _ program: Program, _ variables: [String: String], _ folder: WorkingDirectory
    ) throws(RunnerFault) -> Child {
        var spawn = Spawn(program.executable, program.arguments, environment: variables)
        spawn.workingDirectory = folder.path
        spawn.newProcessGroup = true
        do {
            // Where there is no /dev/null, a pipe without a writer ends as soon.
            let pipe = try Pipe()
            if !File.exists("/dev/null") { spawn.standardInput = .descriptor(pipe.reading.number) }
            return try spawn.start()
        } catch { throw refusal(error) }
    }

    private init(stopMilliseconds: Int, pool: WorkerPool?) {
        self.stopMilliseconds = stopMilliseconds
        self.pool = pool
    }

    /// ENOENT for a file that is there: the interpreter that its first line names is not.
    private static func refusal(_ error: ProcessError) -> RunnerFault {
        let isMissing = error.isNotFound
        let remedy = isMissing ? " Is the interpreter of its first line in this image?" : ""
        return RunnerFault(isMissing ? .notFound : .notExecutable, "The code cannot be started: \(error).\(remedy)")
    }

    private mutating func handleNext(_ child: Child, _ notes: inout Notes) {
        let wanted = Self.passedOn + [Signals.child]
        let left = deadline.map { Self.left(until: $0) }
        let received =
            pool.map { $0.serve(milliseconds: left) } ?? left.map { Signals.wait(wanted, milliseconds: $0) }
            ?? Signals.wait(wanted)
        switch received {
        case Signals.child: reap(child)
        case .some(let signal):
            child.signal(signal, group: true)
            notes.add("\(signal == Signals.terminate ? "SIGTERM" : "SIGINT") was passed on to the code.")
            deadline = deadline ?? Clock.monotonicMilliseconds() + Int64(stopMilliseconds)
        case nil:
            if Self.left(until: deadline ?? 0) > 0 { return }
            child.signal(Signals.kill, group: true)
            deadline = nil
            let seconds = stopMilliseconds / 1000
            notes.add("The code was killed: it had not ended \(seconds) s after it was told to stop.")
        }
    }

    private static func left(until deadline: Int64) -> Int {
        Int(max(0, deadline - Clock.monotonicMilliseconds()))
    }

    /// Takes all that have ended, the code and orphans of its, and tells how each did.
    @discardableResult private mutating func reap(_ child: Child) -> [Exit] {
        var exits: [Exit] = []
        while let ended = Child.reapWithUsage() {
            exits.append(ended.exit)
            cpuMilliseconds += ended.usage.cpuMilliseconds
            peakMemoryKiB = max(peakMemoryKiB, ended.usage.peakResidentKiB)
            if ended.pid == child.pid {
                hasEnded = true
                exit = ended.exit
            }
        }
        return exits
    }

    /// The job is over when its code is, as it is in a container whose process 1 ends: what still runs would write
    /// into files that are being uploaded.
    private mutating func endLeftovers(of child: Child, _ notes: inout Notes) {
        child.signal(Signals.kill, group: true)
        var killed = 0
        while let left = Child.all(), !left.isEmpty {
            for orphan in left { orphan.signal(Signals.kill) }
            let exits = reap(child)
            killed += exits.count { $0 == .signal(Signals.kill) }
            // One that does not go is asleep in the kernel and writes nothing.
            if exits.isEmpty, Signals.wait([Signals.child], milliseconds: 5000) == nil { break }
        }
        if killed > 0 { notes.add("The code had ended but \(killed) of its processes had not: they were killed.") }
    }
}

extension Exit {
    /// As the outcome says it.
    var outcome: Outcome.Exit {
        switch self {
        case .code(let code): .code(Int(code))
        case .signal(let number): .signal(Int(number))
        }
    }
}

import Logging
import PostgreSQL
import Processes
import Tasks

/// One thread's life: claim, do, settle; wait for a hint, but never longer than the poll.
struct WorkerThread: Sendable {
    static let pollMilliseconds = 2000

    let lane: Lane
    let configuration: WorkerConfiguration
    let board: LeaseBoard
    let stop: StopFlag

    func run() {
        // What was under way when the database went: given back as soon as it is there again.
        var unfinished: Lease?
        while !stop.isSet {
            do {
                var bench = try Workbench(configuration, stop: stop)
                try bench.database.listen("tasks")
                if let lease = unfinished { try bench.giveBack(lease) }
                unfinished = nil
                try work(&bench, &unfinished)
            } catch {
                configuration.logger.warning("no database", metadata: ["error": "\(LoggedError.text(error))"])
                pause()
            }
        }
    }

    private func work(_ bench: inout Workbench, _ unfinished: inout Lease?) throws {
        let kinds = TaskKind.names(lane)
        while !stop.isSet {
            let task = try bench.database.claimTasks(
                kinds: kinds, lane: lane, leaseMilliseconds: configuration.leaseMilliseconds
            ).first
            guard let task else {
                try rest(kinds, &bench)
                continue
            }
            unfinished = task.lease
            try perform(task, &bench)
            unfinished = nil
        }
    }

    /// Does one task to its end and writes that end.
    func perform(_ task: ClaimedTask, _ bench: inout Workbench) throws {
        board.add(task.lease)
        defer { board.remove(task.lease) }
        do {
            try bench.followRetryLimits()
            guard try bench.database.pass(task) else { return try bench.database.release(task.lease) }
            let outcome = try outcome(of: task, &bench)
            try bench.shareExperience(wasProbe: task.isProbe)
            try bench.settle(task, with: outcome)
        } catch let error as LeaseLost {
            bench.log.info("lease lost", metadata: ["kind": "\(task.kind)", "task": "\(error.task)"])
        } catch is Stopping {
            try bench.database.release(task.lease)
        }
    }

    private func outcome(of task: ClaimedTask, _ bench: inout Workbench) throws -> TaskOutcome {
        guard let kind = TaskKind.all.first(where: { $0.name == task.kind }) else {
            return .discard(reason: "there is no task of this kind")
        }
        do {
            return try kind.run(task, &bench)
        } catch {
            if error is LeaseLost || error is Stopping { throw error }
            try bench.reconnectIfBroken()
            return TaskFailure.outcome(error, of: task, bench.log)
        }
    }

    /// Until a hint for this lane, the next task's time, or the poll.
    private func rest(_ kinds: [String], _ bench: inout Workbench) throws {
        let next = try bench.database.nextTaskMilliseconds(kinds: kinds, lane: lane) ?? Self.pollMilliseconds
        let deadline = Clock.monotonicMilliseconds() + Int64(min(next, Self.pollMilliseconds))
        while !stop.isSet {
            let left = Int(deadline - Clock.monotonicMilliseconds())
            guard left > 0, let hint = try bench.database.waitForNotification(milliseconds: left) else { return }
            if hint.payload == lane.rawValue {
                while try bench.database.waitForNotification(milliseconds: 0) != nil {}
                return
            }
        }
    }

    /// Without a database there is nothing to wait on.
    private func pause() {
        _ = Signals.wait([Signals.hangup], milliseconds: 500)
    }
}

extension Workbench {
    /// Somebody else may have it by now.
    fileprivate mutating func giveBack(_ lease: Lease) throws {
        do { try database.release(lease) } catch is LeaseLost {}
    }

    /// Writes what became of a task.
    mutating func settle(_ task: ClaimedTask, with outcome: TaskOutcome) throws {
        switch outcome {
        case .done: try database.finish(task.lease)
        case .settled: break
        case .again(let milliseconds): try database.repeatTask(task.lease, afterMilliseconds: milliseconds)
        case .retry(let reason, let milliseconds):
            var generator = SystemRandomNumberGenerator()
            let wait = milliseconds ?? Backoff.milliseconds(attempt: task.attempt, using: &generator)
            try database.retry(task.lease, reason: reason, afterMilliseconds: wait)
        case .discard(let reason): try database.discard(task.lease, reason: reason)
        }
    }
}

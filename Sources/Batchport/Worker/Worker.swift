import Dispatch
import Logging
import PostgreSQL
import Processes
import Tasks

/// The process that acts on AWS: threads that do tasks, one that keeps the house while this process leads, and this
/// one, which keeps the threads' leases, rescues those of dead workers, and shows that the vault opens.
package enum Worker {
    /// Longer than a task takes to reach its next step; what is left then is given back.
    static let drainMilliseconds: Int64 = 25_000

    /// Until SIGTERM or SIGINT. Answers the exit code.
    package static func run(_ configuration: WorkerConfiguration) -> Int32 {
        Signals.block([Signals.terminate, Signals.interrupt, Signals.hangup])
        Signals.ignorePipe()
        Signals.becomeUndumpable()
        if !Signals.lockMemory() {
            configuration.logger.notice("memory is not locked: the limit on locked memory is not unlimited")
        }
        return run(configuration) { Signals.wait([Signals.terminate, Signals.interrupt], milliseconds: $0) != nil }
    }

    /// `isOver` waits for at most the milliseconds given and says whether to stop.
    static func run(_ configuration: WorkerConfiguration, isOver: (Int) -> Bool) -> Int32 {
        let log = configuration.logger
        let (board, stop, threads) = (LeaseBoard(), StopFlag(), DispatchGroup())
        do {
            var keeper = try Keeper(configuration, board: board)
            for lane in lanes(configuration) {
                let thread = WorkerThread(lane: lane, configuration: configuration, board: board, stop: stop)
                try start("\(lane)", in: threads, thread.run)
            }
            try start("scheduler", in: threads, Scheduler(configuration: configuration, stop: stop).run)
            try start("audit", in: threads, AuditSealer(configuration: configuration, stop: stop).run)
            log.info("worker started")
            repeat { keeper.tick() } while !isOver(keeper.tickMilliseconds)
            stop.set()
            drain(threads, &keeper)
            keeper.leave()
            log.info("worker stopped")
            return 0
        } catch {
            stop.set()
            log.critical("the worker cannot start", metadata: ["error": "\(error)"])
            return 1
        }
    }

    private static func lanes(_ configuration: WorkerConfiguration) -> [Lane] {
        Array(repeating: .ordinary, count: max(1, configuration.threads))
            + Array(repeating: .interactive, count: max(1, configuration.interactiveThreads))
    }

    private static func start(
        _ name: String, in group: DispatchGroup, _ body: @escaping @Sendable () -> Void
    ) throws {
        group.enter()
        do {
            _ = try Thread.start(name: name, stackSize: 4 << 20) {
                body()
                group.leave()
            }
        } catch {
            group.leave()
            throw error
        }
    }

    /// Waits for the threads, renewing their leases meanwhile; what is still held at the end is given back, and the
    /// fence keeps its thread from writing.
    private static func drain(_ threads: DispatchGroup, _ keeper: inout Keeper) {
        let deadline = Clock.monotonicMilliseconds() + drainMilliseconds
        while Clock.monotonicMilliseconds() < deadline {
            if threads.wait(timeout: .now() + .milliseconds(keeper.tickMilliseconds)) == .success { return }
            keeper.renew()
        }
        keeper.releaseAll()
    }
}

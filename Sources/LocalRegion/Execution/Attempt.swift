internal import Processes
internal import Synchronization

/// What the executor's threads share about one attempt: why it is to end, and its sandbox once there is one.
final class Attempt: Sendable {
    /// The first one counts.
    enum Cause: Sendable, Equatable {
        case memory, timeout
        /// By TerminateJob, in the caller's words.
        case asked(String)
        /// The executor stops.
        case host
    }

    let job: ClaimedJob
    private let state = Mutex(State())
    private let graceMilliseconds: Int64

    private struct State {
        var sandbox: Sandbox?
        var cause: Cause?
        /// By the monotonic clock.
        var timeoutAt: Int64?
        var killAt: Int64?
        var hasEnded = false
    }

    init(_ job: ClaimedJob, graceSeconds: Int) {
        self.job = job
        graceMilliseconds = Int64(graceSeconds) * 1000
    }

    var cause: Cause? { state.withLock { $0.cause } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func stop(_ cause: Cause) {
        state.withLock { state in
            guard state.cause == nil || cause == .host else { return }
            state.cause = state.cause ?? cause
            switch cause {
            case .memory, .host:
                state.sandbox?.kill()
            case .timeout, .asked:
                state.killAt = Clock.monotonicMilliseconds() + graceMilliseconds
                state.sandbox?.terminate()
            }
        }
    }

    /// The sandbox exists; a stop that came before reaches it now.
    func attach(_ sandbox: Sandbox) {
        state.withLock { state in
            state.sandbox = sandbox
            switch state.cause {
            case nil: break
            case .memory, .host: sandbox.kill()
            case .timeout, .asked: sandbox.terminate()
            }
        }
    }

    /// The code runs: its time limit counts from here.
    func start() {
        guard let seconds = job.timeoutSeconds else { return }
        state.withLock { $0.timeoutAt = Clock.monotonicMilliseconds() + Int64(seconds) * 1000 }
    }

    /// What is due by the clock: the time limit, or the end of a grace period.
    func checkClock() {
        let now = Clock.monotonicMilliseconds()
        let isLate = state.withLock { state in
            if let killAt = state.killAt, now >= killAt { state.sandbox?.kill() }
            return state.cause == nil && state.timeoutAt.map { now >= $0 } ?? false
        }
        if isLate { stop(.timeout) }
    }

    /// No more is to be done for it, its row is written.
    func end() {
        state.withLock { state in
            state.sandbox = nil
            state.hasEnded = true
        }
    }
}

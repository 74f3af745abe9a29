package import FoundationEssentials
internal import Synchronization

/// A worker's claim on one task for a while. Its token is the fence: every write made for the task begins with
/// `hold(_:)` in the same transaction, so a worker that was paused past its lease writes nothing.
package final class Lease: Sendable {
    /// The task's.
    package let id: Int
    package let token: UUID
    private let state: Mutex<State>

    private struct State {
        var deadline: ContinuousClock.Instant
        var isLost = false
    }

    /// `start` is taken before the claim is sent, so that this clock never runs behind the server's.
    package init(id: Int, token: UUID, milliseconds: Int, start: ContinuousClock.Instant) {
        self.id = id
        self.token = token
        state = Mutex(State(deadline: start + .milliseconds(milliseconds)))
    }

    /// Time left without a renewal; 0 when lost. For choosing time-outs; only the token protects a write.
    package var remainingMilliseconds: Int {
        state.withLock { state in
            state.isLost ? 0 : max(0, Int((state.deadline - .now) / .milliseconds(1)))
        }
    }

    /// Lost, run out, or given up by settling its task.
    package var isLost: Bool { remainingMilliseconds == 0 }

    func extend(by milliseconds: Int, from start: ContinuousClock.Instant) {
        state.withLock { $0.deadline = max($0.deadline, start + .milliseconds(milliseconds)) }
    }

    func lose() {
        state.withLock { $0.isLost = true }
    }
}

/// The task belongs to somebody else by now, or is finished: whatever this worker meant to write must not be written.
package struct LeaseLost: Error, CustomStringConvertible, Sendable {
    package let task: Int
    package var description: String { "the lease of task \(task) is lost" }
}

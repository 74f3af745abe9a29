import Synchronization

/// Set once, when the process is told to stop: nothing new is begun, and long work gives up at its next step.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }

    func check() throws { if isSet { throw Stopping() } }
}

/// The process is stopping; the task goes back as if it had not been claimed.
struct Stopping: Error {}

internal import Processes
internal import Synchronization

/// One job's processes in their namespaces, from start to end. Only our own child is ever signalled or waited for, so
/// no signal can hit a process that got an old number.
final class Sandbox: Sendable {
    /// Where `init` serves the job's credentials, on the sandbox's own loopback.
    static let credentialsURL = "http://127.0.0.1:51679/credentials"

    /// The first process inside, as this side numbers it.
    let process: Int32
    /// bubblewrap; nil once it has been waited for.
    private let child: Mutex<Child?>
    /// To `init`.
    private let control: Descriptor
    /// Can be read once all is over.
    private let end: Pipe

    init(_ child: Child, process: Int32, control: consuming Descriptor, end: consuming Pipe) {
        self.child = Mutex(child)
        self.process = process
        self.control = control
        self.end = end
    }

    /// SIGTERM to the job's own process, by way of `init`.
    func terminate() { try? control.write([UInt8(ascii: "T")]) }

    /// SIGKILL to everything: bubblewrap's end is the end of its namespaces.
    func kill() { child.withLock { $0?.signal(Signals.kill) } }

    /// Call once. A job may close its output and live on, so this can take as long as the job does.
    func wait() -> Exit {
        child.withLock { $0 }?.waitWithoutReaping()
        let exit = child.withLock { $0.take() }?.wait()
        try? end.writing.write([0])
        return exit ?? .code(255)
    }

    func hasEnded(withinMilliseconds milliseconds: Int) -> Bool {
        end.reading.isReadable(milliseconds: milliseconds)
    }
}

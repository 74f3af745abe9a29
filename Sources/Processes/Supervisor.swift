import Glibc

/// Keeps a number of equal children running: starts one again when it ends, passes a request to stop on to all and
/// waits for them, and replaces them one by one on SIGHUP.
/// Children call `Signals.dieWithParent`, so that none outlives this process, however it ends.
package struct Supervisor: ~Copyable {
    private let count: Int
    private let spawn: (_ index: Int) -> Spawn
    private var running: [Int32: Int] = [:]
    private var startedAt: [Int: Int64] = [:]
    private static let signals = [Signals.terminate, Signals.interrupt, Signals.hangup, Signals.child]

    /// Call `Signals.block(Supervisor.blocked)` before any thread starts.
    package static let blocked = signals

    package init(count: Int, spawn: @escaping (_ index: Int) -> Spawn) {
        self.count = count
        self.spawn = spawn
    }

    /// Returns 0 once all children have ended after a SIGTERM; those still there after `grace` are killed.
    package mutating func run(graceMilliseconds: Int = 35_000) throws(ProcessError) -> Int32 {
        for index in 0..<count { try start(index) }
        while true {
            switch Signals.wait(Self.signals) {
            case Signals.child: try restartEnded()
            case Signals.hangup: try replaceAll()
            default: return stop(graceMilliseconds)
            }
        }
    }

    private mutating func start(_ index: Int) throws(ProcessError) {
        let child = try spawn(index).start()
        running[child.pid] = index
        startedAt[index] = Clock.monotonicMilliseconds()
    }

    /// A child that ended within a second of its start is not started again at once.
    private mutating func restartEnded() throws(ProcessError) {
        while let ended = Child.reap() {
            guard let index = running.removeValue(forKey: ended.pid) else { continue }
            if Clock.monotonicMilliseconds() - (startedAt[index] ?? 0) < 1000 {
                if let signal = Signals.wait([Signals.terminate, Signals.interrupt], milliseconds: 1000) {
                    kill(getpid(), signal)
                    return
                }
            }
            try start(index)
        }
    }

    /// The new ones first; the old ones finish what they have.
    private mutating func replaceAll() throws(ProcessError) {
        let old = running
        running = [:]
        for index in 0..<count { try start(index) }
        for pid in old.keys { kill(pid, Signals.terminate) }
    }

    private mutating func stop(_ grace: Int) -> Int32 {
        for pid in running.keys { kill(pid, Signals.terminate) }
        let deadline = Clock.monotonicMilliseconds() + Int64(grace)
        while !running.isEmpty {
            while let ended = Child.reap() { running[ended.pid] = nil }
            let left = Int(deadline - Clock.monotonicMilliseconds())
            if running.isEmpty { break }
            if left <= 0 {
                for pid in running.keys { kill(pid, Signals.kill) }
            }
            _ = Signals.wait([Signals.child], milliseconds: max(100, min(left, 1000)))
        }
        return 0
    }
}

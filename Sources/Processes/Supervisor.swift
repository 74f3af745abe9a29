import Glibc

/// Keeps children running: starts one again when it ends, passes a request to stop on to all and waits for them, and on
/// SIGHUP replaces them one after another. Its own end, even by SIGKILL, ends them too: see `Supervised`.
package struct Supervisor {
    /// One child to keep running.
    package struct Member {
        /// For reports.
        let name: String
        let spawn: () -> Spawn
        let mayOverlap: Bool

        /// - Parameter mayOverlap: on SIGHUP a new one starts and announces itself before the old one is told to stop;
        ///   otherwise the old one ends first.
        package init(_ name: String, mayOverlap: Bool, spawn: @escaping () -> Spawn) {
            self.name = name
            self.mayOverlap = mayOverlap
            self.spawn = spawn
        }
    }

    /// To be blocked (`Signals.block`) before any thread starts.
    package static let signals = [Signals.terminate, Signals.interrupt, Signals.hangup, Signals.child]

    private let members: [Member]
    private let report: (String) -> Void
    private var running: [Int32: RunningMember] = [:]
    /// When to start members that have ended, by their numbers, in monotonic milliseconds.
    private var due: [Int: Int64] = [:]

    /// How long a new child may take to announce itself.
    private static let startMilliseconds = 10_000
    /// A child that ended so soon after its start is not started again at once.
    private static let restMilliseconds: Int64 = 1000

    /// - Parameter report: gets a sentence for every child that ended unasked or could not be started.
    package init(_ members: [Member], report: @escaping (String) -> Void) {
        self.members = members
        self.report = report
    }

    /// Returns once all children have ended after a SIGTERM or SIGINT; those still there after `grace` are killed.
    package mutating func run(graceMilliseconds: Int = 35_000) throws(ProcessError) {
        for index in members.indices { _ = try start(index) }
        while true {
            switch Signals.wait(Self.signals, milliseconds: untilNextDue()) {
            case nil: break
            case Signals.child?: noticeEnded()
            case Signals.hangup?: replaceAll()
            default: return stop(graceMilliseconds)
            }
            startDue()
        }
    }

    private mutating func start(_ index: Int) throws(ProcessError) -> RunningMember {
        let ready = try Pipe()
        var spawn = members[index].spawn()
        spawn.descriptors[Supervised.readyDescriptor] = ready.writing.number
        let child = try spawn.start()
        let member = RunningMember(index, child, ready: ready.readingEnd())
        running[child.pid] = member
        return member
    }

    private func untilNextDue() -> Int {
        guard let next = due.values.min() else { return 3_600_000 }
        return max(0, Int(next - Clock.monotonicMilliseconds()))
    }

    private mutating func startDue() {
        let now = Clock.monotonicMilliseconds()
        for (index, time) in due where time <= now {
            due[index] = nil
            do {
                _ = try start(index)
            } catch {
                report("\(members[index].name) cannot be started: \(error).")
                due[index] = now + Self.restMilliseconds
            }
        }
    }

    private mutating func noticeEnded() {
        let now = Clock.monotonicMilliseconds()
        while let (pid, exit) = Child.reap() {
            guard let member = running.removeValue(forKey: pid), !member.isRetiring else { continue }
            report("\(members[member.index].name) (process \(pid)) ended with \(exit); it is started again.")
            due[member.index] = now - member.startedAt < Self.restMilliseconds ? now + Self.restMilliseconds : now
        }
    }

    /// The first new one that does not get ready ends the round: the old ones go on.
    private mutating func replaceAll() {
        for old in running.values.sorted(by: { $0.index < $1.index }) where !old.isRetiring {
            let name = members[old.index].name
            if !members[old.index].mayOverlap {
                old.child.signal(Signals.terminate)
                continue
            }
            do {
                let new = try start(old.index)
                if new.becomesReady(milliseconds: Self.startMilliseconds) {
                    old.retire()
                } else {
                    report("The new \(name) did not get ready; the old one goes on.")
                    new.retire(Signals.kill)
                    return
                }
            } catch {
                report("A new \(name) cannot be started: \(error). The old one goes on.")
                return
            }
        }
    }

    private mutating func stop(_ grace: Int) {
        for member in running.values { member.retire() }
        let deadline = Clock.monotonicMilliseconds() + Int64(grace)
        while true {
            while let (pid, _) = Child.reap() { running[pid] = nil }
            if running.isEmpty { return }
            let left = Int(deadline - Clock.monotonicMilliseconds())
            if left <= 0 {
                for member in running.values { member.retire(Signals.kill) }
            }
            _ = Signals.wait([Signals.child], milliseconds: left > 0 ? left : 1000)
        }
    }
}

/// A started child. Its end of the pipe closes when it has announced itself or has ended.
private final class RunningMember {
    let index: Int
    let child: Child
    let startedAt = Clock.monotonicMilliseconds()
    /// Was told to stop; nothing takes its place when it ends.
    private(set) var isRetiring = false
    private let ready: Descriptor

    init(_ index: Int, _ child: Child, ready: consuming Descriptor) {
        self.index = index
        self.child = child
        self.ready = ready
    }

    func becomesReady(milliseconds: Int) -> Bool {
        guard ready.isReadable(milliseconds: milliseconds) else { return false }
        return (try? ready.read(max: 1).isEmpty) == false
    }

    func retire(_ signal: CInt = Signals.terminate) {
        isRetiring = true
        child.signal(signal)
    }
}

/// The child's side of a `Supervisor`.
package enum Supervised {
    /// A pipe to the supervisor, which alone reads it.
    static let readyDescriptor: Int32 = 3

    /// Tells the supervisor that this process is at work. From now on it gets SIGTERM when the supervisor ends,
    /// however that ends. Call it in the main thread, with SIGPIPE ignored.
    package static func announce() {
        Signals.dieWithParent()
        // A supervisor that ended before that line no longer reads. Without a supervisor there is no descriptor.
        var byte: UInt8 = 1
        let wrote = unsafe write(readyDescriptor, &byte, 1)
        if wrote < 0, errno == EPIPE { kill(getpid(), SIGTERM) }
        close(readyDescriptor)
    }
}

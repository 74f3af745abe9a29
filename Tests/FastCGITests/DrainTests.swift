import Glibc
import Processes
import Synchronization
import TestSupport
import Testing

/// Restarts, roll-overs, crashes and ends, under load.
@Suite(.serialized) struct DrainTests {
    init() { Signals.ignorePipe() }

    /// Clients that ask for `/pid` all the time, and what they were told.
    private final class Load: Sendable {
        struct Seen {
            var answers = 0
            var failures: [String] = []
            /// In the order in which they first answered.
            var processes: [String] = []
            /// Those that answered since `forget`.
            var recent: Set<String> = []
        }

        private let client: Client
        private let seen = Mutex(Seen())
        private let isOver = Atomic(false)
        private let threads = Mutex<[Thread]>([])

        init(_ client: Client, clients: Int = 8) throws {
            self.client = client
            for number in 0..<clients {
                let thread = try Thread.start(name: "client-\(number)") { [self] in
                    while !isOver.load(ordering: .relaxed) { ask() }
                }
                threads.withLock { $0.append(thread) }
            }
        }

        private func ask() {
            let answer = Result { try client.get("/pid") }
            seen.withLock { seen in
                switch answer {
                case .success(let answer) where answer.status == 200:
                    seen.answers += 1
                    if !seen.processes.contains(answer.text) { seen.processes.append(answer.text) }
                    seen.recent.insert(answer.text)
                case .success(let answer): seen.failures.append("\(answer.status)")
                case .failure(let error): seen.failures.append("\(error)")
                }
            }
        }

        var now: Seen { seen.withLock { $0 } }
        func forget() { seen.withLock { $0.recent = [] } }

        func end() -> Seen {
            isOver.store(true, ordering: .relaxed)
            for thread in threads.withLock({ $0 }) { thread.join() }
            return now
        }
    }

    @Test func childrenThatAreToldToStopLoseNoRequest() throws {
        let site = try Site(processes: 2)
        let load = try Load(site.client)
        for round in 0..<8 {
            #expect(eventually { load.now.processes.count >= round + 2 })
            let oldest = load.now.processes.dropFirst(round).first.flatMap { Int32($0) }
            if let oldest { kill(oldest, SIGTERM) }
        }
        let seen = load.end()
        #expect(seen.failures == [])
        #expect(seen.answers > 100)
    }

    @Test func rollingOverLosesNoRequest() throws {
        let site = try Site(processes: 2)
        let load = try Load(site.client)
        for _ in 1...3 {
            #expect(eventually { load.now.recent.count == 2 })
            let before = load.now.recent
            site.supervisor.signal(Signals.hangup)
            #expect(
                eventually {
                    load.forget()
                    return eventually { load.now.recent.count >= 2 } && load.now.recent.isDisjoint(with: before)
                })
        }
        #expect(load.end().failures == [])
    }

    @Test func anythingThatCannotStartLeavesTheOldOnes() throws {
        let folder = try TestFolder()
        try folder.write([], to: "start")
        let site = try Site(environment: ["TEST_START": folder.file("start")], folder: folder)
        let before = try site.client.get("/pid").text
        try File.remove(folder.file("start"))
        site.supervisor.signal(Signals.hangup)
        let log = { String(decoding: (try? folder.read("stderr")) ?? [], as: UTF8.self) }
        #expect(eventually { log().contains("did not get ready; the old one goes on") })
        #expect(try site.client.get("/pid").text == before)
    }

    @Test func aCrashCostsItsOwnRequestAndIsMended() throws {
        let site = try Site(processes: 2)
        let load = try Load(site.client, clients: 2)
        #expect(eventually { load.now.processes.count == 2 })
        #expect(try site.client.get("/crash").status == 502)
        #expect(eventually { load.now.processes.count == 3 })
        // The requests of the crashed process's other threads may be lost with it, no others.
        #expect(load.end().failures.count <= 2)
    }

    @Test func whatIsUnderWayIsFinishedAtTheEnd() throws {
        let site = try Site()
        let fifo = site.folder.file("fifo")
        #expect(unsafe mkfifo(fifo, 0o600) == 0)
        let child = try site.client.get("/pid").text
        let held = try Held(site.client, "/hold?fifo=\(fifo)")
        #expect(eventually { site.report == ["held"] })
        let threads = { (try? Folder.entries("/proc/\(child)/task"))?.count ?? 0 }
        let before = threads()
        site.supervisor.signal(Signals.terminate)
        #expect(eventually { threads() < before })
        #expect(held.answer == nil)
        close(unsafe open(fifo, O_WRONLY | O_CLOEXEC))
        #expect(eventually { held.answer == "released" })
        #expect(site.waitForSupervisor() == .code(0))
    }

    /// A request of a thread of its own.
    private final class Held: Sendable {
        private let text = Mutex<String?>(nil)
        var answer: String? { text.withLock { $0 } }

        init(_ client: Client, _ target: String) throws {
            _ = try Thread.start(name: "held") { [self] in
                let found = (try? client.get(target))?.text ?? "nothing"
                text.withLock { $0 = found }
            }
        }
    }

    @Test func noChildOutlivesItsSupervisor() throws {
        let site = try Site(processes: 3)
        let load = try Load(site.client)
        #expect(eventually { load.now.processes.count == 3 })
        site.supervisor.signal(Signals.kill)
        _ = load.end()
        #expect(site.waitForSupervisor() == .signal(SIGKILL))
        for pid in load.now.processes { #expect(eventually { Self.hasEnded(pid) }) }
    }

    /// Gone, or a zombie whose new parent does not look.
    private static func hasEnded(_ pid: String) -> Bool {
        guard let bytes = try? File.read("/proc/\(pid)/stat") else { return true }
        let state = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ").first
        return state == "Z" || state == "X"
    }
}

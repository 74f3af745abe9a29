import Glibc
import Processes
import Synchronization
import Testing

@testable import Batchport

/// The line before the hashing of passwords (trust.md S2, S51).
struct TurnstileTests {
    private final class Counts: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
        func of(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
    }

    private func enter(_ file: SingleFile, from address: String, _ counts: Counts) throws -> Thread {
        try Thread.start(name: "client") {
            do {
                try file.pass(from: address) { counts.add("passed " + address) }
            } catch {
                counts.add("refused " + address)
            }
        }
    }

    /// While one of an address is at work one more of it waits, and the third is refused; from elsewhere one comes in.
    @Test func anAddressDoesNotFillTheLine() throws {
        let (file, counts) = (SingleFile(line: 2), Counts())
        let threads = try file.pass(from: "192.0.2.1") {
            var threads = try (0..<8).map { _ in try enter(file, from: "192.0.2.1", counts) }
            while counts.of("refused 192.0.2.1") < 7 { sched_yield() }
            threads.append(try enter(file, from: "192.0.2.2", counts))
            return threads
        }
        for thread in threads { thread.join() }
        #expect(counts.of("refused 192.0.2.1") == 7 && counts.of("passed 192.0.2.1") == 1)
        #expect(counts.of("refused 192.0.2.2") == 0 && counts.of("passed 192.0.2.2") == 1)
        // Nothing is left of whoever was here.
        try file.pass(from: "192.0.2.1") { counts.add("again") }
        #expect(counts.of("again") == 1)
    }

    /// Many at once: one at work at a time, whoever they are.
    @Test func oneWorksAtATime() throws {
        let work = Work(file: SingleFile(line: 64))
        let threads = try (0..<16).map { n in
            try Thread.start(name: "client") { for _ in 0..<50 { work.run(from: "192.0.2.\(n % 5)") } }
        }
        for thread in threads { thread.join() }
        #expect(work.most.load(ordering: .relaxed) == 1)
    }
}

private final class Work: Sendable {
    let file: SingleFile
    let inside = Atomic(0)
    let most = Atomic(0)

    init(file: SingleFile) { self.file = file }

    func run(from address: String) {
        try? file.pass(from: address) {
            let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
            most.max(now, ordering: .sequentiallyConsistent)
            sched_yield()
            inside.subtract(1, ordering: .sequentiallyConsistent)
        }
    }
}

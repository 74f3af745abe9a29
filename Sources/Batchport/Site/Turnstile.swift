import Synchronization

/// Lets a bounded number of threads through at once and refuses the rest, rather than let them queue.
package final class Turnstile: Sendable {
    private let places: Int
    private let inside = Mutex(0)

    package init(places: Int) { self.places = places }

    /// Runs the body, or throws `Failure.busy` (503) when all places are taken.
    package func pass<R>(_ body: () throws -> R) throws -> R {
        let entered = inside.withLock { count in
            guard count < places else { return false }
            count += 1
            return true
        }
        guard entered else { throw Failure.busy }
        defer { inside.withLock { $0 -= 1 } }
        return try body()
    }
}

/// One thread at a time, and a short line behind it: for work that costs much memory, such as hashing a password.
package final class SingleFile: Sendable {
    private let line: Turnstile
    private let place = Mutex(())

    package init(line: Int) { self.line = Turnstile(places: 1 + line) }

    package func pass<R>(_ body: () throws -> R) throws -> R {
        try line.pass { try place.withLock { _ in try body() } }
    }
}

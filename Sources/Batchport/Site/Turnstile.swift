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
///
/// Addresses take turns (trust.md S51). One that asks without end has one thread at work or next in the line and one
/// behind that, never the whole line; whoever comes from elsewhere waits for one piece of its work at most.
package final class SingleFile: Sendable {
    /// Of one address.
    static let mostOfOne = 2

    private let line: Turnstile
    private let place = Mutex(())
    private let addresses = Mutex<[String: Own]>([:])

    private final class Own: Sendable {
        let turn = Mutex(())
        let line = Turnstile(places: SingleFile.mostOfOne)
        /// Changed under the lock of `addresses` only.
        let count = Mutex(0)
    }

    package init(line: Int) { self.line = Turnstile(places: 1 + line) }

    /// Runs the body, or throws `Failure.busy` (503) where the address has its share or the line is full.
    package func pass<R>(from address: String, _ body: () throws -> R) throws -> R {
        let own = addresses.withLock { known in
            let own = known[address] ?? Own()
            known[address] = own
            own.count.withLock { $0 += 1 }
            return own
        }
        defer {
            addresses.withLock { known in
                let left = own.count.withLock { count in
                    count -= 1
                    return count
                }
                if left == 0 { known[address] = nil }
            }
        }
        return try own.line.pass {
            try line.pass { try own.turn.withLock { _ in try place.withLock { _ in try body() } } }
        }
    }
}

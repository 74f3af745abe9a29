import FoundationEssentials
import Processes
import Synchronization

/// How many requests whoever is known may make (trust.md S51): each API token so many, each person so many with all their
/// sessions and tokens, and fewer of those that cost much.
///
/// It is asked before the database is: a secret that has been good once leads to its buckets. What merely looks like a
/// token fills nothing here; strangers are nginx's matter, which counts by address. Each process counts by itself.
package final class Rates: Sendable {
    private let state: Mutex<State>
    /// Nanoseconds.
    private let clock: @Sendable () -> Int64

    package init(clock: @escaping @Sendable () -> Int64 = { Clock.monotonicMilliseconds() * 1_000_000 }) {
        self.clock = clock
        state = Mutex(State())
    }

    /// Takes a request's share; throws 429 where there is none left. False of a secret that is not known here.
    func admit(_ secret: String, isCostly: Bool) throws -> Bool {
        let key = Self.key(secret)
        return try take(isCostly) { state in state.known[key] }
    }

    /// Remembers whose the secret is, now that the database has said so, and takes this request's share.
    func enter(_ secret: String, of person: UUID, token: Bool, isCostly: Bool) throws {
        let key = Self.key(secret)
        _ = try take(isCostly) { state in state.add(key, person, token) }
    }

    private func take(_ isCostly: Bool, _ find: (inout State) -> Buckets?) throws -> Bool {
        let now = clock()
        let wait = state.withLock { state in find(&state).map { state.take($0, isCostly, now) } }
        guard let wait else { return false }
        guard wait <= 0 else { throw Failure.tooMany(seconds: Int((wait + 999_999_999) / 1_000_000_000)) }
        return true
    }

    /// Seeded anew in each process, so that nobody can aim at another's; the secret itself is kept nowhere.
    private static func key(_ secret: String) -> Int {
        var hasher = Hasher()
        hasher.combine(secret)
        return hasher.finalize()
    }
}

extension Rates {
    /// Whether it is the caller's turn to read the limits, along with what it asks anyway.
    func isDue() -> Bool {
        let now = clock()
        return state.withLock { state in
            guard now >= state.readAgain else { return false }
            state.readAgain = now + RateLimits.periodNanoseconds
            return true
        }
    }

    func set(_ limits: RateLimits) { state.withLock { $0.limits = limits } }

    /// An admin has changed them here: the next request reads them.
    func readAgain() { state.withLock { $0.readAgain = .min } }

    var knownSecrets: Int { state.withLock { $0.known.count } }
}

/// Where the buckets of a secret are.
private struct Buckets {
    /// A token's own; a session has none.
    let own: Int?
    let person: Int
    let costly: Int
}

/// A bucket is one number: the time at which it will be full again. It is empty when that is `burst` away.
private struct State {
    var limits = RateLimits()
    var readAgain = Int64.min
    var known: [Int: Buckets] = [:]
    private var people: [UUID: (all: Int, costly: Int)] = [:]
    private var fullAt: [Int64] = []

    /// What is kept stays small, however long the process lives: beyond this many secrets all begin anew, with full buckets.
    static let mostSecrets = 20_000

    mutating func add(_ key: Int, _ person: UUID, _ token: Bool) -> Buckets {
        if let present = known[key] { return present }
        if known.count >= Self.mostSecrets {
            known.removeAll(keepingCapacity: true)
            people.removeAll(keepingCapacity: true)
            fullAt.removeAll(keepingCapacity: true)
        }
        let theirs = people[person] ?? (newBucket(), newBucket())
        people[person] = theirs
        let buckets = Buckets(own: token ? newBucket() : nil, person: theirs.all, costly: theirs.costly)
        known[key] = buckets
        return buckets
    }

    private mutating func newBucket() -> Int {
        fullAt.append(.min)
        return fullAt.count - 1
    }

    /// From every bucket or from none; how long to wait for the slowest where one is empty, in nanoseconds.
    mutating func take(_ buckets: Buckets, _ isCostly: Bool, _ now: Int64) -> Int64 {
        var wait = excess(buckets.person, limits.person, now)
        if let own = buckets.own { wait = max(wait, excess(own, limits.token, now)) }
        if isCostly { wait = max(wait, excess(buckets.costly, limits.costly, now)) }
        guard wait <= 0 else { return wait }
        fill(buckets.person, limits.person, now)
        if let own = buckets.own { fill(own, limits.token, now) }
        if isCostly { fill(buckets.costly, limits.costly, now) }
        return 0
    }

    private func excess(_ bucket: Int, _ perSecond: Int64, _ now: Int64) -> Int64 {
        max(fullAt[bucket], now) + 1_000_000_000 / perSecond - now - limits.burst * 1_000_000_000
    }

    private mutating func fill(_ bucket: Int, _ perSecond: Int64, _ now: Int64) {
        fullAt[bucket] = max(fullAt[bucket], now) + 1_000_000_000 / perSecond
    }
}

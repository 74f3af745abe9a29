import FoundationEssentials
import Logging
import PostgreSQL
import Processes
import Tasks

/// What one of all workers does for the whole house, on a thread and connection of its own. If it dies, another takes
/// over within its leadership's time and one tick.
struct Scheduler: Sendable {
    static let leadershipMilliseconds = 8000
    static let tickMilliseconds = 2000

    let configuration: WorkerConfiguration
    let stop: StopFlag
    private let holder = UUID()

    init(configuration: WorkerConfiguration, stop: StopFlag) {
        self.configuration = configuration
        self.stop = stop
    }

    func run() {
        while !stop.isSet {
            do {
                var database = try Connection(configuration.database)
                try database.limitIdleTransactions(milliseconds: Self.leadershipMilliseconds / 2)
                try lead(&database)
            } catch {
                configuration.logger.warning("scheduler", metadata: ["error": "\(LoggedError.text(error))"])
                rest(milliseconds: 500)
            }
        }
    }

    private func lead(_ database: inout Connection) throws {
        var term: Term?
        while !stop.isSet {
            term = try database.lead(as: holder, milliseconds: Self.leadershipMilliseconds)
            if let term, try database.tick(term, periodMilliseconds: Upkeep.periodMilliseconds) {
                try work(term, &database)
            }
            rest(milliseconds: Self.tickMilliseconds)
        }
        if let term { try database.resign(term) }
    }

    /// One duty's trouble is not the others'.
    private func work(_ term: Term, _ database: inout Connection) throws {
        for duty in Upkeep.duties where !stop.isSet {
            do {
                try perform(duty, term, &database)
            } catch let over as TermOver {
                configuration.logger.notice("another worker leads", metadata: ["term": "\(over.term.number)"])
                return
            } catch {
                if database.isBroken { throw error }
                configuration.logger.error(
                    "upkeep failed", metadata: ["duty": "\(duty.name)", "error": "\(LoggedError.text(error))"])
            }
        }
    }

    /// In transactions of its own, each held by the term, until nothing is left to do.
    func perform(_ duty: Upkeep.Duty, _ term: Term, _ database: inout Connection) throws {
        while true {
            let isDone = try database.transaction { database in
                try database.hold(term)
                return try duty.run(&database)
            }
            if isDone || stop.isSet { return }
            guard try database.lead(as: holder, milliseconds: Self.leadershipMilliseconds) == term else {
                throw TermOver(term: term)
            }
        }
    }

    private func rest(milliseconds: Int) {
        let deadline = Clock.monotonicMilliseconds() + Int64(milliseconds)
        while !stop.isSet, Clock.monotonicMilliseconds() < deadline {
            _ = Signals.wait([Signals.hangup], milliseconds: 100)
        }
    }
}

extension Connection {
    /// A transaction of a process that was stopped in its middle must not keep others from what it has locked. No
    /// transaction of a worker waits for anything but the database.
    mutating func limitIdleTransactions(milliseconds: Int) throws {
        try execute("SELECT set_config('idle_in_transaction_session_timeout', \(String(milliseconds)), false)")
    }
}

import AWS
import HTTPClient
import Logging
import PostgreSQL
import Processes
import Tasks
import Vault

/// What one thread owns while it does tasks. Nothing of it is shared but what never changes.
struct Workbench: ~Copyable {
    var database: Connection
    var aws: AWSClient
    let configuration: WorkerConfiguration
    let stop: StopFlag
    /// Of the retry limits that `aws` follows.
    var retryVersion = 0

    init(_ configuration: WorkerConfiguration, stop: StopFlag) throws {
        var database = try Connection(configuration.database)
        try database.prepare(for: configuration)
        self.database = database
        aws = AWSClient(
            endpoints: configuration.endpoints, http: HTTPClient(configuration.http),
            budget: configuration.restraint.budget, now: { Clock.milliseconds() })
        aws.times.call = min(15_000, configuration.leaseMilliseconds / 2)
        self.configuration = configuration
        self.stop = stop
    }

    mutating func reconnectIfBroken() throws {
        guard database.isBroken else { return }
        try database.reconnectIfBroken()
        try database.prepare(for: configuration)
    }

    /// The longest that one call may take; after it nothing of the request is on its way any more. Half a lease at most.
    var requestMilliseconds: Int { aws.times.call }

    var restraint: Restraint { configuration.restraint }

    /// Throws while it is sealed.
    var vault: Vault {
        get throws {
            switch configuration.vault {
            case .success(let vault): return vault
            case .failure: throw CredentialTrouble.sealed
            }
        }
    }
    var log: Logger { configuration.logger }

    /// Every write made for a task: in a transaction that begins by holding its lease, so that a worker which was
    /// paused past its lease writes nothing.
    @discardableResult
    mutating func write<Value>(for task: ClaimedTask, _ body: (inout Connection) throws -> Value) throws -> Value {
        try database.transaction { database in
            try database.hold(task.lease)
            return try body(&database)
        }
    }
}

extension Connection {
    /// After each connecting, before anything is claimed.
    fileprivate mutating func prepare(for configuration: WorkerConfiguration) throws {
        try limitIdleTransactions(milliseconds: max(1000, configuration.leaseMilliseconds / 2))
        try noticeRestore()
    }
}

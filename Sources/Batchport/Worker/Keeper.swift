import FoundationEssentials
import Logging
import PostgreSQL
import Processes
import Tasks
import Vault

/// What must happen whatever the threads are busy with.
struct Keeper: ~Copyable {
    static let vaultTestMilliseconds: Int64 = 20_000
    /// How often it shows that it lives, and adds up what its threads asked of AWS.
    static let signMilliseconds: Int64 = 5000

    private let configuration: WorkerConfiguration
    private let board: LeaseBoard
    private var database: Connection
    private var nextVaultTest: Int64 = 0
    private var nextSign: Int64 = 0
    private let sign: SignOfLife

    /// Fails where there is no database, or one of another schema.
    init(_ configuration: WorkerConfiguration, board: LeaseBoard) throws {
        self.configuration = configuration
        self.board = board
        sign = SignOfLife(threads: configuration.threads + configuration.interactiveThreads)
        database = try Self.connection(configuration.database)
    }

    private static func connection(_ conninfo: String) throws -> Connection {
        var connection = try Connection(conninfo)
        try Migrations.requireVersion(series: "portal", in: PortalSchema.versions, connection: &connection)
        // Its settings may be others than before.
        try connection.enqueuePortalCheck()
        return connection
    }

    /// A third of a lease: two renewals may fail before it is lost.
    var tickMilliseconds: Int { max(50, min(configuration.leaseMilliseconds / 3, 10_000)) }

    /// Renews what is held, rescues what a dead worker left, tests the vault when it is time.
    mutating func tick() {
        renew()
        attempt("rescue") { database in
            let rescued = try database.rescueTasks()
            return rescued > 0 ? "rescued \(rescued)" : nil
        }
        let now = Clock.monotonicMilliseconds()
        if now >= nextSign {
            nextSign = now + Self.signMilliseconds
            showLife()
        }
        guard now >= nextVaultTest else { return }
        nextVaultTest = now + Self.vaultTestMilliseconds
        let vault = configuration.vault
        attempt("vault test") { database in try Self.testVault(vault, &database) }
    }

    mutating func renew() {
        let (leases, milliseconds) = (board.leases, configuration.leaseMilliseconds)
        if leases.isEmpty { return }
        attempt("renewal") { database in
            try database.renew(leases, milliseconds: milliseconds)
            return nil
        }
    }

    private mutating func showLife() {
        let (sign, tasks, calls) = (sign, board.leases.count, configuration.restraint.calls)
        let vault = try? configuration.vault.get()
        attempt("sign of life") { database in
            try database.show(sign, tasks: tasks, vault: vault)
            try database.add(calls: calls.take())
            return nil
        }
    }

    /// At the process's own end.
    mutating func leave() {
        let (sign, calls) = (sign, configuration.restraint.calls)
        attempt("leave") { database in
            try database.add(calls: calls.take())
            // It needs no new root key any more.
            try database.remove(sign)
            return nil
        }
    }

    mutating func releaseAll() {
        for lease in board.leases {
            attempt("release") { database in
                try database.release(lease)
                return "released task \(lease.id)"
            }
        }
    }

    /// The web answers 503 to whoever brings a secret unless this says that it could be opened.
    private static func testVault(
        _ vault: Result<Vault, VaultError>, _ database: inout Connection
    ) throws -> String? {
        var detail = ""
        do { try vault.get().selfTest() } catch { detail = LoggedError.text(error) }
        let isOpen = detail.isEmpty
        try database.execute(
            """
            INSERT INTO vault_tests (tested_at, ok, detail) VALUES (now(), \(isOpen), \(detail))
            ON CONFLICT (single) DO UPDATE SET tested_at = now(), ok = excluded.ok, detail = excluded.detail
            """)
        if isOpen { try database.transaction { try $0.resumeUnsealedJobs() } }
        return isOpen ? nil : "the vault does not open: \(detail)"
    }

    /// Says what is worth saying; a failure is for the next tick.
    private mutating func attempt(_ what: String, _ body: (inout Connection) throws -> String?) {
        do {
            try database.reconnectIfBroken()
            if let news = try body(&database) { configuration.logger.notice("\(what)", metadata: ["news": "\(news)"]) }
        } catch {
            configuration.logger.warning("\(what) failed", metadata: ["error": "\(LoggedError.text(error))"])
        }
    }
}

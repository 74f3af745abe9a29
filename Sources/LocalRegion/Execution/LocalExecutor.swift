package import Logging
internal import PostgreSQL
internal import Processes
internal import Synchronization

/// The one process that owns all jobs of the local region: takes what is RUNNABLE from the database as long as this
/// machine's share has room, and runs each attempt in a sandbox, watched by a thread of its own.
package final class LocalExecutor: Sendable {
    package struct Configuration: Sendable {
        /// libpq's.
        package var database: String
        /// Folder for the jobs' files while they run, and for what the sandboxes share.
        package var state: String
        /// Where `deploy/local/init.c` was compiled to.
        package var initProgram: String
        /// The region as jobs address it, `http://127.0.0.2:PORT`: inside the sandbox the same address is relayed.
        package var endpoint: String
        /// nginx's UNIX socket for jobs, the only thing that a job can reach.
        package var relaySocket: String
        /// The runner's bundle, for definitions with the tag `batchport:runner=1`.
        package var runner: String?
        /// A virtual environment with Mathics 3, for definitions with the runner: the images' Wolfram Language kernel.
        package var mathics: String?
        /// What all jobs may use at a time.
        package var cores = 2
        package var memoryMiB = 2048
        /// Pretended: jobs that ask for GPUs are counted against them, and see none.
        package var gpus = 0
        /// Between SIGTERM and SIGKILL; ECS gives 30.
        package var graceSeconds = 30
        package var certificates = "/etc/ssl/certs/ca-certificates.crt"
        /// Started by root: the ordinary user, and group, that jobs run as. Otherwise they run as whoever runs this.
        package var user: UInt32?
        package var log = Logger(label: "local.executor")

        package init(
            database: String, state: String, initProgram: String, endpoint: String, relaySocket: String
        ) {
            self.database = database
            self.state = state
            self.initProgram = initProgram
            self.endpoint = endpoint
            self.relaySocket = relaySocket
        }
    }

    /// Sent with every change that the executor should see at once. A hint: it polls as well.
    static let wake: SQL = "SELECT pg_notify('local_jobs', '')"
    private static let pollMilliseconds = 250

    private let configuration: Configuration
    private let isStopping = Atomic(false)

    package init(_ configuration: Configuration) { self.configuration = configuration }

    /// Asks `run` to return, from any thread.
    package func stop() { isStopping.store(true, ordering: .releasing) }

    /// Until `stop`. Then all attempts under way are killed and end as AWS says of a host that went away.
    /// - Throws: what makes a start impossible: `SandboxError`, `ProcessError`, `PostgresError`.
    package func run() throws {
        var machine = Machine(configuration, root: try SandboxRoot.prepare(configuration))
        var database = try Connection(configuration.database)
        try database.listen("local_jobs")
        var isReady = false
        while !isStopping.load(ordering: .acquiring) {
            do {
                try database.reconnectIfBroken()
                if !isReady { isReady = try machine.begin(&database) }
                if isReady { try machine.step(&database) }
                try drain(&database)
            } catch {
                configuration.log.error("jobs wait", metadata: ["error": "\(error)"])
                isReady = false
                Clock.pause(milliseconds: Self.pollMilliseconds)
            }
        }
        machine.stop()
    }

    /// Waits for one hint or the time to poll, and takes all hints that came with it.
    private func drain(_ database: inout Connection) throws {
        var wait = Self.pollMilliseconds
        while try database.waitForNotification(milliseconds: wait) != nil { wait = 0 }
    }

    /// `run` until SIGTERM or SIGINT, which must be blocked: for a process of its own.
    package func runUntilTerminated() throws {
        let outcome = Outcome()
        let thread = try Thread.start(name: "executor") {
            do { try self.run() } catch { outcome.fail(error) }
        }
        _ = Signals.wait([Signals.terminate, Signals.interrupt])
        stop()
        thread.join()
        try outcome.get()
    }

    /// A `run` that failed wakes the thread that waits for signals.
    private final class Outcome: Sendable {
        private let failure = Mutex<(any Error)?>(nil)

        func fail(_ error: any Error) {
            failure.withLock { $0 = error }
            Signals.raise(Signals.terminate)
        }

        func get() throws { if let error = failure.withLock({ $0 }) { throw error } }
    }
}

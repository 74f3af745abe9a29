internal import Logging
internal import PostgreSQL
internal import Processes

/// An attempt's own way into the database. While PostgreSQL is away it waits, and so does the job once the pipe of its
/// output is full; only the end of the executor makes it give up, and then the next start says what became of the job.
struct AttemptLedger: ~Copyable {
    private let attempt: Attempt
    private let configuration: LocalExecutor.Configuration
    private var database: Connection?

    init(_ attempt: Attempt, _ configuration: LocalExecutor.Configuration) {
        self.attempt = attempt
        self.configuration = configuration
    }

    /// RUNNING, with a log stream. Nil when it could not be written.
    mutating func begin() -> Int? {
        let job = attempt.job
        return persist { database in
            try database.transaction { database in
                try database.execute(
                    """
                    INSERT INTO log_streams (log_group, name) VALUES ('/aws/batch/job', \(job.logStream))
                    ON CONFLICT DO NOTHING
                    """)
                let stream = try database.row(
                    "SELECT id FROM log_streams WHERE log_group = '/aws/batch/job' AND name = \(job.logStream)"
                ) { row in try row.int(0) }
                try database.execute(
                    """
                    UPDATE job_attempts SET started_at = clock_timestamp(), log_stream = \(job.logStream)
                    WHERE job = \(job.id) AND number = \(job.attempt) AND started_at IS NULL AND stopped_at IS NULL
                    """)
                try database.execute(
                    """
                    UPDATE jobs SET status = 'RUNNING', started_at = clock_timestamp()
                    WHERE id = \(job.id) AND status = 'STARTING'
                    """)
                return stream
            }
        } ?? nil
    }

    /// Numbered from the stream's first event, so that a batch whose fate is unknown can be sent again.
    mutating func store(_ batch: LogBatch) {
        _ = persist { database in
            try database.execute(
                """
                INSERT INTO log_events (stream, number, at, message)
                SELECT \(batch.stream), \(batch.first) + place - 1, at, message
                FROM unnest(\(batch.times), \(batch.messages)) WITH ORDINALITY AS event (at, message, place)
                ON CONFLICT DO NOTHING
                """)
        }
    }

    mutating func persist<Value>(_ work: (inout Connection) throws -> Value) -> Value? {
        while true {
            do {
                return try attemptOnce(work)
            } catch {
                configuration.log.error(
                    "PostgreSQL did not take a job's news",
                    metadata: ["task": "\(attempt.job.task)", "error": "\(error)"])
                if attempt.cause == .host || !Self.mayPass(error) { return nil }
                Clock.pause(milliseconds: 250)
            }
        }
    }

    private mutating func attemptOnce<Value>(_ work: (inout Connection) throws -> Value) throws -> Value {
        var present = try database.take() ?? Connection(configuration.database)
        do {
            try present.reconnectIfBroken()
            let value = try work(&present)
            database = consume present
            return value
        } catch {
            database = consume present
            throw error
        }
    }

    /// No connection, no room, a shutdown, a conflict: all of them end. Anything else would be refused again.
    private static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return false }
        guard error.kind == .statement else { return error.kind != .decoding }
        return ["53", "57", "40", "55"].contains(error.sqlState?.prefix(2) ?? "")
    }
}

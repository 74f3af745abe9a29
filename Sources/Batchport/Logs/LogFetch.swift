import AWS
import FoundationEssentials
import PostgreSQL
import Tasks

/// Where one attempt's log is, and who asks for it.
struct LogPlace {
    let job: UUID
    var child = ArrayChild.none
    let attempt: Int
    let group: String
    let stream: String
    let region: String

    static let defaultGroup = "/aws/batch/job"
    /// Of environments `e`: as the definition says; NULL where it leaves that to AWS.
    static let groupOfEnvironment: SQL =
        "e.definition->'containerProperties'->'logConfiguration'->'options'->>'awslogs-group'"
}

/// How far a log is stored.
private struct LogPosition: Equatable {
    let lines: Int
    let bytes: Int
    let token: String?
    let isComplete: Bool
}

extension Workbench {
    /// Reads on from where the log stands, page by page, each with its token in one transaction, until AWS has no more
    /// for now. Answers how many lines came. A stream that is not there (yet) has no lines.
    mutating func fetchLog(_ place: LogPlace, by key: AWSCredentials, for task: ClaimedTask) throws -> Int {
        var added = 0
        let limits = try database.logLimits()
        while true {
            try stop.check()
            let position = try write(for: task) { try $0.logPosition(place) }
            if position.isComplete || limits.isReached(lines: position.lines, bytes: position.bytes) { return added }
            guard let page = try logPage(of: place, after: position.token, by: key) else { return added }
            let lines = try write(for: task) { try $0.append(page, to: place, from: position) }
            added += max(0, lines - position.lines)
            guard let token = page.nextForwardToken, token != position.token else { return added }
        }
    }

    /// Nil where there is no such stream.
    private mutating func logPage(
        of place: LogPlace, after token: String?, by key: AWSCredentials
    ) throws -> AWS.LogPage? {
        do {
            return try aws.logEvents(
                group: place.group, stream: place.stream, token: token, by: key, in: place.region)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// Nothing will be added to it any more.
    mutating func completeLog(_ place: LogPlace, for task: ClaimedTask) throws {
        try write(for: task) { database in
            try database.execute(
                """
                UPDATE logs SET complete = true
                WHERE job = \(place.job) AND child = \(place.child) AND attempt = \(place.attempt)
                """)
        }
    }
}

extension Connection {
    /// Where the log stands; the row is made where there is none.
    fileprivate mutating func logPosition(_ place: LogPlace) throws -> LogPosition {
        try execute(
            """
            INSERT INTO logs (job, child, attempt, stream)
            VALUES (\(place.job), \(place.child), \(place.attempt), \(place.stream))
            ON CONFLICT (job, child, attempt) DO NOTHING
            """)
        let position = try row(
            """
            SELECT lines, next_token, complete, \(fragment: JobLog.size) AS bytes FROM logs l
            WHERE job = \(place.job) AND child = \(place.child) AND attempt = \(place.attempt) FOR UPDATE
            """
        ) {
            LogPosition(
                lines: try $0.int("lines"), bytes: try $0.int("bytes"), token: try $0.textOptional("next_token"),
                isComplete: try $0.bool("complete"))
        }
        return position ?? LogPosition(lines: 0, bytes: 0, token: nil, isComplete: false)
    }

    /// Adds a page and answers the number of lines. Where somebody else has added it meanwhile, nothing is written: the
    /// position tells.
    fileprivate mutating func append(_ page: AWS.LogPage, to place: LogPlace, from position: LogPosition) throws -> Int
    {
        let current = try logPosition(place)
        guard current == position else { return current.lines }
        var writer = LogChunkWriter(continuing: try lastChunk(of: place), afterLine: position.lines)
        for event in page.events { writer.append(event.message, at: event.timestamp) }
        _ = try pipeline(
            writer.statements(job: place.job, child: place.child, attempt: place.attempt) + [
                """
                UPDATE logs SET lines = \(writer.lines), next_token = \(page.nextForwardToken), fetched_at = now()
                WHERE job = \(place.job) AND child = \(place.child) AND attempt = \(place.attempt)
                """
            ])
        return writer.lines
    }

    private mutating func lastChunk(of place: LogPlace) throws -> LogChunkWriter.Chunk? {
        try row(
            """
            SELECT first_line, times, text FROM log_chunks
            WHERE job = \(place.job) AND child = \(place.child) AND attempt = \(place.attempt)
            ORDER BY first_line DESC LIMIT 1
            """
        ) {
            LogChunkWriter.Chunk(
                firstLine: try $0.int("first_line"), times: try $0.value("times", as: [Int].self),
                text: Array(try $0.text("text").utf8))
        }
    }

    /// The attempts of a job that have a stream, oldest first. The group is the one in the environment's definition.
    mutating func logPlaces(of job: UUID) throws -> [LogPlace] {
        try rows(
            """
            SELECT a.n, a.log_stream, j.region,
                \(fragment: LogPlace.groupOfEnvironment) AS log_group
            FROM jobs j JOIN environments e ON e.id = j.environment JOIN attempts a ON a.job = j.id
                AND a.child = -1
            WHERE j.id = \(job) AND a.log_stream IS NOT NULL ORDER BY a.n
            """
        ) {
            LogPlace(
                job: job, attempt: try $0.int("n"), group: try $0.textOptional("log_group") ?? LogPlace.defaultGroup,
                stream: try $0.text("log_stream"), region: try $0.text("region"))
        }
    }

    /// Whether more of one of the job's logs was not kept.
    mutating func isLogCut(of job: UUID, _ limits: LogLimits) throws -> Bool {
        try logs(of: job).contains { limits.isReached(lines: $0.lines, bytes: $0.bytes) }
    }
}

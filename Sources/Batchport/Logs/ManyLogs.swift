import AWS
import FoundationEssentials
import JSON
import PostgreSQL
import Tasks

/// The whole logs of many ended attempts, a hundred streams a call. Each batch is stored in one transaction, so that whoever
/// goes on after a death reads none twice that is stored.
struct ManyLogs {
    let job: UUID
    let region: String
    let key: AWSCredentials
    let task: ClaimedTask

    /// As many as FilterLogEvents takes.
    private static let streamsPerCall = 100
    /// More than this of a hundred streams is not held at once: then each is read by itself, page by page.
    private static let mostBytes = 32 << 20

    /// Until none is left. What AWS refuses for good is answered in sentences; the logs it concerns are complete as they are.
    func take(_ bench: inout Workbench) throws -> [String] {
        var gaps: [String] = []
        let limits = try bench.database.logLimits()
        while true {
            let places = try bench.database.unreadLogs(of: job, limit: Self.streamsPerCall)
            if places.isEmpty { return gaps }
            do {
                try take(places, limits, &bench)
            } catch let error as AWSError {
                guard error.isDefinite, !error.isCredentialRefused else { throw error }
                gaps.append("Logs of \(places.count) attempts could not be read: \(error.sentence)")
                for place in places { try bench.completeLog(place, for: task) }
            }
        }
    }

    private func take(_ places: [LogPlace], _ limits: LogLimits, _ bench: inout Workbench) throws {
        do {
            guard let writers = try read(places, limits, &bench) else { return try takeEach(places, &bench) }
            try bench.write(for: task) { try $0.store(writers, of: job) }
        } catch let error as AWSError {
            guard error.isNotFound else { throw error }
            // One of them is not there; which, the call does not say.
            guard places.count > 1 else { return try takeEach(places, &bench) }
            try take(Array(places.prefix(places.count / 2)), limits, &bench)
            try take(Array(places.dropFirst(places.count / 2)), limits, &bench)
        }
    }

    /// Nil where there is too much of it.
    private func read(
        _ places: [LogPlace], _ limits: LogLimits, _ bench: inout Workbench
    ) throws -> [(LogPlace, LogChunkWriter)]? {
        guard let group = places.first?.group else { return [] }
        var writers = Dictionary(places.map { ($0.stream, LogChunkWriter(continuing: nil, afterLine: 0)) }) { $1 }
        var (token, bytes): (String?, Int) = (nil, 0)
        repeat {
            try bench.stop.check()
            let page = try bench.aws.logEvents(
                group: group, streams: Array(writers.keys), token: token, by: key, in: region)
            for event in page.events {
                bytes += event.message.utf8.count
                let isFull = writers[event.stream].map { limits.isReached(lines: $0.lines, bytes: $0.bytes) }
                guard isFull == false else { continue }
                writers[event.stream]?.append(event.message, at: event.timestamp)
            }
            if bytes > Self.mostBytes { return nil }
            token = page.next == token ? nil : page.next
        } while token != nil
        return places.compactMap { place in writers[place.stream].map { (place, $0) } }
    }

    private func takeEach(_ places: [LogPlace], _ bench: inout Workbench) throws {
        for place in places {
            _ = try bench.fetchLog(place, by: key, for: task)
            try bench.completeLog(place, for: task)
        }
    }
}

extension Connection {
    /// Those of these children of an array that are not whole yet.
    mutating func logPlaces(of job: UUID, children: [Int]) throws -> [LogPlace] {
        try unreadLogs(of: job, among: "a.child = ANY(\(children))", limit: 1000)
    }

    /// Of the children of an array, by child.
    fileprivate mutating func unreadLogs(
        of job: UUID, among: SQL = "a.child >= 0", limit: Int
    ) throws -> [LogPlace] {
        try rows(
            """
            SELECT a.child, a.n, a.log_stream, j.region,
                \(fragment: LogPlace.groupOfEnvironment) AS log_group
            FROM jobs j JOIN environments e ON e.id = j.environment JOIN attempts a ON a.job = j.id
            LEFT JOIN logs l ON l.job = a.job AND l.child = a.child AND l.attempt = a.n
            WHERE j.id = \(job) AND \(fragment: among) AND a.log_stream IS NOT NULL AND NOT coalesce(l.complete, false)
            ORDER BY a.child, a.n LIMIT \(limit)
            """
        ) {
            LogPlace(
                job: job, child: try $0.value("child"), attempt: try $0.value("n"),
                group: try $0.textOptional("log_group") ?? LogPlace.defaultGroup, stream: try $0.text("log_stream"),
                region: try $0.text("region"))
        }
    }

    /// Over whatever was stored of them while they ran.
    fileprivate mutating func store(_ logs: [(LogPlace, LogChunkWriter)], of job: UUID) throws {
        let heads = logs.map { place, writer -> JSONValue in
            [
                "child": JSONValue(place.child), "attempt": JSONValue(place.attempt), "stream": .string(place.stream),
                "lines": JSONValue(writer.lines),
            ]
        }
        try execute(
            """
            WITH heads AS MATERIALIZED (
                SELECT * FROM jsonb_to_recordset(\(JSONText(JSONValue.array(heads).serialized())))
                    AS h (child int, attempt int, stream text, lines int)),
            old AS (DELETE FROM log_chunks c USING heads h
                WHERE c.job = \(job) AND c.child = h.child AND c.attempt = h.attempt)
            INSERT INTO logs (job, child, attempt, stream, lines, complete, fetched_at)
            SELECT \(job), child, attempt, stream, lines, true, now() FROM heads
            ON CONFLICT (job, child, attempt) DO UPDATE
                SET lines = excluded.lines, complete = true, fetched_at = now(), next_token = NULL
            """)
        let chunks = logs.flatMap { place, writer in writer.rows(child: place.child, attempt: place.attempt) }
        for start in stride(from: 0, to: chunks.count, by: 100) {
            let some = JSONText(JSONValue.array(Array(chunks[start...].prefix(100))).serialized())
            try execute(
                """
                INSERT INTO log_chunks (job, child, attempt, first_line, lines, times, text)
                SELECT \(job), child, attempt, first_line, cardinality(times), times, text FROM jsonb_to_recordset(\(some))
                    AS c (child int, attempt int, first_line int, times bigint[], text text)
                """)
        }
    }
}

extension LogChunkWriter {
    fileprivate func rows(child: Int, attempt: Int) -> [JSONValue] {
        chunks.filter { !$0.times.isEmpty }.map { chunk in
            [
                "child": JSONValue(child), "attempt": JSONValue(attempt), "first_line": JSONValue(chunk.firstLine),
                "times": .array(chunk.times.map { JSONValue($0) }),
                "text": .string(String(decoding: chunk.text, as: UTF8.self)),
            ]
        }
    }
}

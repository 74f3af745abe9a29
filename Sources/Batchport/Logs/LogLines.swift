import FoundationEssentials
import PostgreSQL

/// One captured log: of one attempt of a job.
struct JobLog {
    let attempt: Int
    let lines: Int
    let bytes: Int
    let isComplete: Bool
    let fetchedAt: Int64?
}

struct LogLine {
    /// From 1.
    let n: Int
    let at: Int64
    let text: String
}

extension JobLog {
    /// Of a row `l` of logs, in bytes, without reading it.
    static let size: SQL = """
        (SELECT coalesce(sum(octet_length(c.text)), 0)::bigint FROM log_chunks c
            WHERE c.job = l.job AND c.child = l.child AND c.attempt = l.attempt)
        """
}

extension Connection {
    mutating func logs(of job: UUID, child: Int = ArrayChild.none) throws -> [JobLog] {
        try rows(
            """
            SELECT attempt, lines, complete, fetched_at, \(fragment: JobLog.size) AS bytes
            FROM logs l WHERE job = \(job) AND child = \(child) ORDER BY attempt LIMIT 100
            """
        ) {
            JobLog(
                attempt: try $0.value("attempt"), lines: try $0.value("lines"), bytes: try $0.value("bytes"),
                isComplete: try $0.value("complete"), fetchedAt: try $0.millisecondsOptional("fetched_at"))
        }
    }

    /// Only the chunks that hold them are read, and of those no more than fit.
    mutating func logLines(
        of job: UUID, child: Int = ArrayChild.none, attempt: Int, _ span: LogSpan
    ) throws -> [LogLine] {
        let order: SQL = span.keepsEnd ? "DESC" : "ASC"
        let chunks = try rows(
            """
            SELECT first_line, times, text FROM (
                SELECT first_line, times, text,
                    sum(octet_length(text)) OVER (ORDER BY first_line \(fragment: order)) - octet_length(text) AS beside
                FROM log_chunks
                WHERE job = \(job) AND child = \(child) AND attempt = \(attempt) AND first_line <= \(span.last)
                    AND first_line + lines > \(span.first)) c
            WHERE beside < \(span.bytes) ORDER BY first_line
            """
        ) { row in
            Self.lines(
                from: try row.value("first_line"), times: try row.value("times", as: [Int].self),
                text: try row.value("text"))
        }
        return span.fitting(chunks.flatMap(\.self).filter { $0.n >= span.first && $0.n <= span.last })
    }

    private static func lines(from first: Int, times: [Int], text: String) -> [LogLine] {
        // By scalars: to a String, CR LF is one character, and a line may end in CR.
        let texts = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        return zip(times, texts).enumerated().map { index, line in
            LogLine(n: first + index, at: Int64(line.0), text: String(line.1))
        }
    }

    /// The last lines of the last attempt that has any.
    mutating func logTail(
        of job: UUID, child: Int = ArrayChild.none, lines count: Int
    ) throws -> (log: JobLog, lines: [LogLine])? {
        guard let log = try logs(of: job, child: child).last else { return nil }
        return (log, try logLines(of: job, child: child, attempt: log.attempt, .before(log.lines + 1, count)))
    }

    /// The numbers of the lines that hold the text, in any case, and how many there are in all.
    mutating func logHits(
        of job: UUID, child: Int = ArrayChild.none, attempt: Int, for text: String, limit: Int
    ) throws -> (total: Int, lines: [Int]) {
        let hits = try rows(
            """
            SELECT c.first_line + l.n::int - 1 AS n, count(*) OVER () AS total FROM log_chunks c,
                unnest(string_to_array(c.text, E'\\n')) WITH ORDINALITY AS l (line, n)
            WHERE c.job = \(job) AND c.child = \(child) AND c.attempt = \(attempt)
                AND strpos(lower(c.text), lower(\(text))) > 0 AND strpos(lower(l.line), lower(\(text))) > 0
            ORDER BY 1 LIMIT \(limit)
            """
        ) { (total: try $0.value("total", as: Int.self), n: try $0.value("n", as: Int.self)) }
        return (hits.first?.total ?? 0, hits.map(\.n))
    }
}

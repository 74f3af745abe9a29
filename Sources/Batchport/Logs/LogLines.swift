import FoundationEssentials
import PostgreSQL

/// One captured log: of one attempt of a job.
struct JobLog {
    let attempt: Int
    let lines: Int
    let isComplete: Bool
    let fetchedAt: Int64?
}

struct LogLine {
    /// From 1.
    let n: Int
    let at: Int64
    let text: String
}

extension Connection {
    mutating func logs(of job: UUID, child: Int = ArrayChild.none) throws -> [JobLog] {
        try rows(
            """
            SELECT attempt, lines, complete, fetched_at FROM logs WHERE job = \(job) AND child = \(child)
            ORDER BY attempt LIMIT 100
            """
        ) {
            JobLog(
                attempt: try $0.value("attempt"), lines: try $0.value("lines"), isComplete: try $0.value("complete"),
                fetchedAt: try $0.millisecondsOptional("fetched_at"))
        }
    }

    /// Lines `first` to `first + count - 1`: only the chunks that hold them are read.
    mutating func logLines(
        of job: UUID, child: Int = ArrayChild.none, attempt: Int, first: Int, count: Int
    ) throws -> [LogLine] {
        let last = first + count - 1
        let chunks = try rows(
            """
            SELECT first_line, times, text FROM log_chunks
            WHERE job = \(job) AND child = \(child) AND attempt = \(attempt) AND first_line <= \(last)
                AND first_line + lines > \(first)
            ORDER BY first_line
            """
        ) { row in
            Self.lines(
                from: try row.value("first_line"), times: try row.value("times", as: [Int].self),
                text: try row.value("text"))
        }
        return chunks.flatMap(\.self).filter { $0.n >= first && $0.n <= last }
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
        let first = max(1, log.lines - count + 1)
        return (log, try logLines(of: job, child: child, attempt: log.attempt, first: first, count: count))
    }

    /// The numbers of the lines that hold the text, in any case, and how many there are in all.
    mutating func logHits(
        of job: UUID, child: Int = ArrayChild.none, attempt: Int, for text: String, limit: Int
    ) throws -> (total: Int, lines: [Int]) {
        let numbers = try rows(
            """
            SELECT c.first_line + l.n::int - 1 AS n FROM log_chunks c,
                unnest(string_to_array(c.text, E'\\n')) WITH ORDINALITY AS l (line, n)
            WHERE c.job = \(job) AND c.child = \(child) AND c.attempt = \(attempt)
                AND strpos(lower(c.text), lower(\(text))) > 0 AND strpos(lower(l.line), lower(\(text))) > 0
            ORDER BY 1
            """
        ) { try $0.value("n", as: Int.self) }
        return (numbers.count, Array(numbers.prefix(limit)))
    }
}

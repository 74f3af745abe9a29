import FoundationEssentials
import HTTP

/// Lines of a log that stand together, as many of them as `bytes` of text hold, but one at least.
struct LogSpan {
    /// From 1.
    var first: Int
    var count: Int
    /// Which of them are left out where they are too long: the last, or the first.
    var keepsEnd = false
    var bytes = Self.mostBytes

    static let mostBytes = 4 << 20

    var last: Int { first + count - 1 }

    static func before(_ line: Int, _ count: Int, bytes: Int = mostBytes) -> LogSpan {
        let first = max(1, line - count)
        return LogSpan(first: first, count: max(0, line - first), keepsEnd: true, bytes: bytes)
    }

    /// Of lines in order, those that fit.
    func fitting(_ lines: [LogLine]) -> [LogLine] {
        var left = bytes
        let ordered = keepsEnd ? Array(lines.reversed()) : lines
        var kept = ordered.prefix { line in
            left -= line.text.utf8.count
            return left >= 0
        }
        if kept.isEmpty { kept = ordered.prefix(1) }
        return keepsEnd ? kept.reversed() : Array(kept)
    }
}

extension LogSpan {
    static let parameters: Set<String> = ["attempt", "limit", "tail", "before", "after", "q"]

    /// What the API is asked for: the lines after or before one, or the last.
    init(_ query: Query, of log: JobLog) throws {
        try Parameters.only(Self.parameters, in: query)
        let tail = try Numbers.one("tail", in: query, 1...10_000)
        let before = try Numbers.one("before", in: query, 1...Int(Int32.max))
        let after = try Numbers.one("after", in: query, 0...Int(Int32.max))
        let limit = try Numbers.one("limit", in: query, 1...10_000) ?? tail ?? 1000
        let named = [("tail", tail), ("before", before), ("after", after)].filter { $0.1 != nil }.map(\.0)
        guard named.count < 2 else {
            let detail = "Only one of tail, before and after can be asked for."
            throw Failure.unreadable(detail, named.map { .init("/" + $0, "conflict", detail) })
        }
        if let tail {
            self = .before(log.lines + 1, min(tail, limit))
        } else if let before {
            self = .before(min(before, log.lines + 1), limit)
        } else {
            self.init(first: (after ?? 0) + 1, count: limit)
        }
    }

    /// What the page shows: around the line asked for, behind or before a given one, or the end.
    static func onPage(of log: JobLog, here: Int?, after: Int?, before: Int?) -> [LogSpan] {
        let (count, bytes) = (500, 2 << 20)
        if let after { return [LogSpan(first: max(0, min(after, log.lines)) + 1, count: count, bytes: bytes)] }
        guard let here else { return [.before(max(1, min(before ?? Int.max, log.lines + 1)), count, bytes: bytes)] }
        let line = max(1, min(here, log.lines))
        return [.before(line, 50, bytes: bytes / 4), LogSpan(first: line, count: count - 50, bytes: bytes)]
    }
}

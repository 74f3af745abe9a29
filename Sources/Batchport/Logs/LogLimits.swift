import PostgreSQL

/// What is kept of one attempt's log: whole pages of AWS's until one of them is reached.
struct LogLimits {
    let lines: Int
    let bytes: Int

    func isReached(lines: Int, bytes: Int) -> Bool { lines >= self.lines || bytes >= self.bytes }

    var sentence: String {
        "The log is longer than what is kept: \(Words.count(lines)) lines or \(Words.size(Int64(bytes)))."
    }
}

extension Connection {
    mutating func logLimits() throws -> LogLimits {
        LogLimits(
            lines: try workerLimit("log.lines", else: 2_000_000), bytes: try workerLimit("log.bytes", else: 64 << 20))
    }
}

import FoundationEssentials
import PostgreSQL

/// Lines on their way into rows of a thousand: each row's lines parted by LF, beside each line's time.
struct LogChunkWriter {
    static let linesPerChunk = 1000
    /// A row ends early when its lines are long, so that none grows out of bounds.
    static let bytesPerChunk = 4 << 20

    struct Chunk {
        /// From 1.
        let firstLine: Int
        var times: [Int] = []
        var text: [UInt8] = []

        var isFull: Bool { times.count >= linesPerChunk || text.count >= bytesPerChunk }
    }

    private(set) var chunks: [Chunk]

    /// Continues the log's last row where there is one with room.
    init(continuing last: Chunk?, afterLine lines: Int) {
        if let last, !last.isFull { chunks = [last] } else { chunks = [Chunk(firstLine: lines + 1)] }
    }

    /// Lines of the log so far.
    var lines: Int { (chunks.last.map { $0.firstLine + $0.times.count } ?? 1) - 1 }

    /// Of all that it holds.
    var bytes: Int { chunks.reduce(0) { $0 + $1.text.count } }

    /// An event may hold several lines; the LF that ends it begins no other.
    mutating func append(_ message: String, at time: Int64) {
        var bytes = Array(message.utf8)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            append(line: line, at: time)
        }
    }

    private mutating func append(line: ArraySlice<UInt8>, at time: Int64) {
        if chunks[chunks.count - 1].isFull { chunks.append(Chunk(firstLine: lines + 1)) }
        let last = chunks.count - 1
        if !chunks[last].times.isEmpty { chunks[last].text.append(UInt8(ascii: "\n")) }
        // PostgreSQL's text has no NUL.
        if line.contains(0) {
            for byte in line { chunks[last].text += byte == 0 ? [0xEF, 0xBF, 0xBD] : [byte] }
        } else {
            chunks[last].text += line
        }
        chunks[last].times.append(Int(time))
    }

    /// What stores the rows, each over its earlier state.
    func statements(job: UUID, child: Int, attempt: Int) -> [SQL] {
        chunks.filter { !$0.times.isEmpty }.map { chunk in
            """
            INSERT INTO log_chunks (job, child, attempt, first_line, lines, times, text)
            VALUES (\(job), \(child), \(attempt), \(chunk.firstLine), \(chunk.times.count), \(chunk.times),
                \(String(decoding: chunk.text, as: UTF8.self)))
            ON CONFLICT (job, child, attempt, first_line) DO UPDATE
                SET lines = excluded.lines, times = excluded.times, text = excluded.text
            """
        }
    }
}

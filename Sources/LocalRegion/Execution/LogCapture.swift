internal import Processes

/// Events of one stream, numbered one after another.
struct LogBatch {
    let stream: Int
    let first: Int
    var times: [Int] = []
    var messages: [String] = []
}

/// A job's output as log events, a line each, handed on in batches: by the thousand, by the megabyte, or when the
/// oldest has waited a moment.
struct LogCapture {
    /// Nil where there is no stream: the output is read all the same, or the job would block.
    private let stream: Int?
    private var cutter = LineCutter()
    private var batch: LogBatch
    private var bytes = 0
    private var dueAt: Int64?
    private static let fullEvents = 2000
    private static let fullBytes = 1 << 20
    private static let waitMilliseconds: Int64 = 200

    init(_ stream: Int?) {
        self.stream = stream
        batch = LogBatch(stream: stream ?? 0, first: 1)
    }

    /// Until the last holder of the output's other end is gone.
    consuming func run(_ output: borrowing Descriptor, _ store: (LogBatch) -> Void) throws(ProcessError) {
        while true {
            let wait = dueAt.map { Int(max(0, $0 - Clock.monotonicMilliseconds())) } ?? -1
            if output.isReadable(milliseconds: wait) {
                let piece = try output.read(max: 1 << 16)
                if piece.isEmpty { break }
                add(cutter.cut(piece))
            }
            if isFull || dueAt.map({ $0 <= Clock.monotonicMilliseconds() }) ?? false { handOn(store) }
        }
        add(cutter.rest().map { [$0] } ?? [])
        handOn(store)
    }

    private var isFull: Bool { batch.messages.count >= Self.fullEvents || bytes >= Self.fullBytes }

    private mutating func add(_ lines: [String]) {
        guard stream != nil, !lines.isEmpty else { return }
        let now = Int(Clock.milliseconds())
        for line in lines {
            batch.times.append(max(now, batch.times.last ?? 0))
            batch.messages.append(line)
            bytes += line.utf8.count
        }
        dueAt = dueAt ?? Clock.monotonicMilliseconds() + Self.waitMilliseconds
    }

    private mutating func handOn(_ store: (LogBatch) -> Void) {
        dueAt = nil
        guard !batch.messages.isEmpty else { return }
        store(batch)
        batch = LogBatch(stream: batch.stream, first: batch.first + batch.messages.count)
        bytes = 0
    }
}

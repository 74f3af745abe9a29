internal import Processes

/// One worker's two pipes, and what it has been asked. Whoever takes a dead worker's place opens the same pipes.
final class WorkerSlot {
    let number: Int
    /// Elements asked for and not answered, oldest first; of the span, from 0.
    private(set) var asked: [Int] = []
    /// How many may be asked for at once.
    private(set) var window = 1
    let requests: Descriptor
    let answers: Descriptor
    private let resume: Descriptor
    private var outgoing: ArraySlice<UInt8> = []
    private var incoming: [UInt8] = []
    private var isWatchedSince: Int64?

    private static let longestWindow = 256

    init(_ number: Int, in folder: String) throws(ProcessError) {
        self.number = number
        requests = try Descriptor.makingPipe("\(folder)/requests.\(number)")
        answers = try Descriptor.makingPipe("\(folder)/answers.\(number)")
        resume = try Descriptor.makingPipe("\(folder)/resume.\(number)")
        try letBegin()
    }

    /// A worker waits for this before it looks into the pipes.
    func letBegin() throws(ProcessError) { try resume.write([UInt8(ascii: "\n")]) }

    var hasToWrite: Bool { !outgoing.isEmpty }

    func ask(_ element: Int, _ line: [UInt8]) {
        if asked.isEmpty { isWatchedSince = Clock.monotonicMilliseconds() }
        asked.append(element)
        outgoing += line
    }

    /// The worker ends once it has come to this.
    func askToStop() { outgoing += [UInt8(ascii: "\n")] }

    func write() throws(ProcessError) {
        let wrote = try requests.writeWithoutWaiting(outgoing)
        outgoing = outgoing.dropFirst(wrote)
        if outgoing.isEmpty { outgoing = [] }
    }

    /// Whole lines that have come. A line of more than `limit` bytes is no answer of ours: nil.
    func read(limit: Int) throws(ProcessError) -> [ArraySlice<UInt8>]? {
        while true {
            let piece = try answers.readWithoutWaiting(max: 1 << 16)
            incoming += piece
            if incoming.count > limit { return nil }
            if piece.count < 1 << 16 || incoming.count > 4 << 20 { break }
        }
        guard let last = incoming.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = incoming[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        incoming = Array(incoming[(last + 1)...])
        return lines
    }

    /// The oldest element is answered.
    func answered() -> Int? { asked.isEmpty ? nil : asked.removeFirst() }

    /// Some five milliseconds of work at once: trips cost less then, and no element waits long behind another.
    func adjustWindow(answers: Int) {
        guard answers > 0, let since = isWatchedSince else { return }
        let now = Clock.monotonicMilliseconds()
        let each = max(0.02, Double(now - since) / Double(answers))
        let fitting = Int(5 / each)
        window = min(max(1, fitting), max(1, window * 2), Self.longestWindow)
        isWatchedSince = asked.isEmpty ? nil : now
    }

    /// The worker is gone: what it has not read is taken back, half an answer thrown away. Answers what it was asked.
    func reset() -> [Int] {
        while let rest = try? requests.readWithoutWaiting(max: 1 << 16), !rest.isEmpty {}
        while let rest = try? answers.readWithoutWaiting(max: 1 << 16), !rest.isEmpty {}
        defer { (outgoing, incoming, asked, window) = ([], [], [], 1) }
        return asked
    }
}

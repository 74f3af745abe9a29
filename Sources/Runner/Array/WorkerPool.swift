internal import JSON
internal import JobManifest
internal import Processes

/// Workers that call a function for each element of a span. They are kept by the program that `PoolProgram` names; each
/// element goes to whoever is free. One that ends its worker loses only itself: another worker takes the place.
///
/// A request is a line, the element's number and its JSON; an empty one asks the worker to end. Answers come in the order
/// of the requests: `=` and JSON, `:` and Wolfram Language text as a JSON string, `!`, a cause and a message, or `?` and
/// the exit status of a function whose standard output lies in `output.SLOT.ELEMENT`. Before an answer `~` and a message may come,
/// and `*` when a worker is ready.
final class WorkerPool {
    let folder: String
    let workers: Int
    private(set) var elements: Outcome.Elements
    private(set) var messages: [String] = []
    /// Why the code could not be loaded.
    private(set) var unloadable: String?

    private let span: ElementSpan
    private let limit: Int
    private let results: ResultUploads
    private let slots: [WorkerSlot]
    private let control: Descriptor
    private let signals: SignalQueue
    private var heard: [UInt8] = []
    private var next = 0
    private var again: [Int] = []
    private var answered = 0
    private var isStopping = false
    private(set) var fault: RunnerFault?

    init(
        _ span: consuming ElementSpan, workers: Int, limit: Int, folder: String, _ results: ResultUploads
    ) throws(ProcessError) {
        elements = Outcome.Elements(count: span.range.count)
        let workers = min(workers, span.range.count)
        self.span = span
        self.workers = workers
        self.limit = limit
        self.folder = folder
        self.results = results
        var slots: [WorkerSlot] = []
        for number in 0..<workers { slots.append(try WorkerSlot(number, in: folder)) }
        self.slots = slots
        control = try Descriptor.makingPipe(folder + "/control")
        signals = try SignalQueue(Evaluation.passedOn + [Signals.child])
    }

    var isComplete: Bool { answered == span.range.count }

    /// Serves the workers until a signal comes, or the time is up: nil. After SIGTERM nothing more is asked of them.
    func serve(milliseconds: Int?) -> CInt? {
        let deadline = milliseconds.map { Clock.monotonicMilliseconds() + Int64($0) }
        while true {
            do throws(ProcessError) {
                if let signal = signals.next() {
                    try hear()
                    if signal != Signals.child { isStopping = true }
                    return signal
                }
                let left = deadline.map { max(0, Int($0 - Clock.monotonicMilliseconds())) }
                if left == 0 { return nil }
                fill()
                let ready = Readiness.wait(
                    reading: [signals.descriptor.number, control.number] + slots.map { $0.answers.number },
                    writing: slots.filter(\.hasToWrite).map { $0.requests.number },
                    milliseconds: results.isBehind ? min(100, left ?? 100) : left)
                for slot in slots where ready.writing.contains(slot.requests.number) { try slot.write() }
                for slot in slots where ready.reading.contains(slot.answers.number) { try take(from: slot) }
                if ready.reading.contains(control.number) { try hear() }
            } catch {
                fault = fault ?? RunnerFault(.disk, "The workers cannot be spoken with: \(error).")
                Signals.raise(Signals.terminate)
            }
        }
    }

    private func fill() {
        guard !isStopping, fault == nil, !results.isBehind else { return }
        do throws(RunnerFault) {
            let left = span.range.count - next + again.count
            let share = max(1, left / (2 * workers))
            for slot in slots {
                while slot.asked.count < min(slot.window, share), let n = nextElement() {
                    slot.ask(n, Array("\(span.range.lowerBound + n) ".utf8) + (try span.element(n)) + [0x0A])
                }
            }
        } catch { fault = error }
        if isComplete { endAll() }
    }

    /// What came until the end of all workers.
    func takeTheRest() {
        isStopping = true
        for slot in slots { try? take(from: slot) }
        try? hear()
    }

    private func nextElement() -> Int? {
        if let n = again.popLast() { return n }
        guard next < span.range.count else { return nil }
        defer { next += 1 }
        return next
    }

    private var hasAskedToEnd = false

    private func endAll() {
        guard !hasAskedToEnd else { return }
        hasAskedToEnd = true
        for slot in slots { slot.askToStop() }
    }

    private func take(from slot: WorkerSlot) throws(ProcessError) {
        guard let lines = try slot.read(limit: 2 * limit + (1 << 16)) else {
            fault = fault ?? RunnerFault(.disk, "A worker's answer is longer than any may be.")
            return Signals.raise(Signals.terminate)
        }
        var count = 0
        for line in lines { if take(line, from: slot) { count += 1 } }
        slot.adjustWindow(answers: count)
        if isComplete { endAll() }
    }

    /// Whether it answers an element.
    private func take(_ line: ArraySlice<UInt8>, from slot: WorkerSlot) -> Bool {
        let rest = Array(line.dropFirst())
        switch line.first {
        case UInt8(ascii: "="): record(.value(rest), slot.answered())
        case UInt8(ascii: ":"): record(Self.string(rest).map { .inputForm($0) }, slot.answered())
        case UInt8(ascii: "?"):
            guard let n = slot.answered() else { return false }
            record(output(rest, of: n, slot), n)
        case UInt8(ascii: "!"): record(Self.missing(rest), slot.answered())
        case UInt8(ascii: "~"):
            if messages.count < 100, let text = Self.string(rest) { messages.append(text) }
            return false
        default: return false
        }
        return true
    }

    /// A file of its own for each element: its worker may be at the next one already.
    private func output(_ status: [UInt8], of n: Int, _ slot: WorkerSlot) -> ResultLine.Content {
        let path = "\(folder)/output.\(slot.number).\(span.range.lowerBound + n)"
        defer { File.discard(path) }
        return ElementOutput.read(status, path, limit)
    }

    private func record(_ content: ResultLine.Content?, _ n: Int?) {
        guard let n else { return }
        answered += 1
        var content = content ?? .missing(.invalid, message: "The worker's answer is malformed.")
        if case .value(let json) = content {
            do { try JSONValue.check(json, maxDepth: Outcome.Result.maxDepth) } catch {
                content = .missing(.invalid, message: "\(error)")
            }
        }
        if case .missing(_, let message) = content {
            elements.failed += 1
            if messages.count < 100 { messages.append("Element \(span.range.lowerBound + n): \(message)") }
        } else {
            elements.succeeded += 1
        }
        results.add(ResultLine(index: span.range.lowerBound + n, content: content))
    }

    private static func string(_ json: [UInt8]) -> String? { (try? JSONValue.parse(json))?.string }

    private static func missing(_ rest: [UInt8]) -> ResultLine.Content? {
        let parts = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2, let message = string(Array(parts[1])) else { return nil }
        let cause = ResultLine.Cause(rawValue: String(decoding: parts[0], as: UTF8.self))
        return cause.map { .missing($0, message: message) }
    }

    /// What the keeper of the workers says.
    private func hear() throws(ProcessError) {
        heard += try control.readWithoutWaiting(max: 1 << 16)
        while let end = heard.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: heard[..<end], as: UTF8.self)
            heard = Array(heard[(end + 1)...])
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            if words[0] == "unloadable" { unloadable = Self.string(Array(words[1].utf8)) ?? "The code was not loaded." }
            if words[0] == "ended" {
                let numbers = words[1].split(separator: " ").compactMap { Int($0) }
                if numbers.count == 2, slots.indices.contains(numbers[0]) {
                    try workerEnded(slots[numbers[0]], numbers[1])
                }
            }
        }
    }

    /// The element that it was at is lost; those behind it are asked for again.
    private func workerEnded(_ slot: WorkerSlot, _ code: Int) throws(ProcessError) {
        try take(from: slot)
        if isStopping { return }
        let asked = slot.reset()
        if hasAskedToEnd { slot.askToStop() }
        try slot.letBegin()
        guard let first = asked.first else { return }
        again += asked.dropFirst().reversed()
        let signal = code < 0 ? -code : code > 128 ? code - 128 : 0
        let how = signal > 0 ? "was ended by signal \(signal)" : "ended with exit code \(code)"
        record(.missing(.evaluationFailed, message: "The worker \(how)."), first)
    }
}

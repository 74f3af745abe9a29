internal import JobManifest
internal import Processes
internal import Synchronization

/// Results on their way to the bucket, by a thread of its own, so that no worker waits for the network: an object of
/// what has come every so often, ever more seldom.
final class ResultUploads: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var parts = 0
        var isOver = false
        var fault: RunnerFault?
    }

    private let settings: RunnerSettings
    private let keys: JobKeys
    private let child: Int
    private let state = Mutex(State())
    private let bell: Pipe

    private static let firstMilliseconds = 1000
    private static let lastMilliseconds = 30_000
    private static let mostBytes = 4 << 20
    private static let tooMuch = 64 << 20

    init(_ settings: RunnerSettings, _ keys: JobKeys, of child: Int) throws(ProcessError) {
        self.settings = settings
        self.keys = keys
        self.child = child
        bell = try Pipe()
    }

    func start() throws(ProcessError) -> Thread {
        try Thread.start(name: "results", stackSize: 4 << 20) { [self] in run() }
    }

    func add(_ line: ResultLine) {
        let isLarge = state.withLock { state in
            let before = state.waiting.count
            state.waiting += line.bytes
            return before < Self.mostBytes && state.waiting.count >= Self.mostBytes
        }
        if isLarge { ring() }
    }

    /// The network is slower than the workers: no more should be asked of them.
    var isBehind: Bool { state.withLock { $0.waiting.count > Self.tooMuch } }

    /// Uploads what is left. Answers how many objects there are; throws what was in the way of any.
    func finish(_ thread: Thread) throws(RunnerFault) -> Int {
        state.withLock { $0.isOver = true }
        ring()
        thread.join()
        let (parts, fault) = state.withLock { ($0.parts, $0.fault) }
        if let fault { throw fault }
        return parts
    }

    private func ring() { try? bell.writing.write([0]) }

    private func run() {
        do throws(RunnerFault) {
            var bucket = try Bucket(settings)
            bucket.endsAtSignal = false
            bucket.leavesSignals = true
            var wait = Self.firstMilliseconds
            while true {
                if bell.reading.isReadable(milliseconds: wait) { _ = try? bell.reading.read(max: 4096) }
                let (bytes, part, isOver) = state.withLock { state in
                    defer { state.waiting = [] }
                    return (state.waiting, state.parts, state.isOver)
                }
                if !bytes.isEmpty {
                    let key = keys.results(of: child, attempt: settings.attempt, part: part)
                    try bucket.put(bytes, key: key, "application/x-ndjson", "A part of the results")
                    state.withLock { $0.parts += 1 }
                    wait = min(wait * 2, Self.lastMilliseconds)
                }
                if isOver { return }
            }
        } catch { state.withLock { $0.fault = error } }
    }
}

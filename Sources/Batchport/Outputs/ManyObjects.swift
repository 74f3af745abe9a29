import AWS
import HTTPClient
import Processes
import Synchronization

/// Small objects of a bucket, several at a time: nearly all of the time that one takes is waiting for the network.
final class ManyObjects: Sendable {
    struct Wanted {
        let key: String
        let maxBytes: Int
    }

    /// A client with its connections, for one thread at a time.
    private final class Lane: Sendable {
        let client: Mutex<AWSClient>

        init(_ configuration: WorkerConfiguration, _ times: AWSClient.Times, _ retry: RetryPolicy) {
            var client = AWSClient(
                endpoints: configuration.endpoints, http: HTTPClient(configuration.http),
                budget: configuration.restraint.budget, now: { Clock.milliseconds() })
            (client.times, client.retry) = (times, retry)
            self.client = Mutex(client)
        }
    }

    /// What the threads of one `get` share.
    private final class Work: Sendable {
        struct State {
            var next = 0
            var found: [[UInt8]?]
            var failure: (any Error)?
        }

        let state: Mutex<State>

        init(_ count: Int) { state = Mutex(State(found: Array(repeating: nil, count: count))) }

        /// Nil at the end, and after a failure.
        func take() -> Int? {
            state.withLock { state in
                guard state.failure == nil, state.next < state.found.count else { return nil }
                defer { state.next += 1 }
                return state.next
            }
        }
    }

    /// S3 itself takes thousands a second; more of ours would only wait for our own processor.
    static let lanes = 8

    private let configuration: WorkerConfiguration
    private let times: AWSClient.Times
    private let retry: RetryPolicy
    private let lanes = Mutex<[Lane]>([])

    /// Its clients are as patient as the thread's own.
    init(_ bench: borrowing Workbench) {
        configuration = bench.configuration
        (times, retry) = (bench.aws.times, bench.aws.retry)
    }

    /// In the order asked for; nil where there is no such object. Any other failure ends it and is thrown.
    func get(
        _ wanted: [Wanted], bucket: String, by key: AWSCredentials, in region: String
    ) throws -> [[UInt8]?] {
        let work = Work(wanted.count)
        var threads: [Thread] = []
        defer { for thread in threads { thread.join() } }
        for lane in open(min(wanted.count, Self.lanes)) {
            threads.append(
                try Thread.start(name: "objects") {
                    Self.run(work, wanted, bucket: bucket, by: key, in: region, lane)
                })
        }
        for thread in threads { thread.join() }
        threads = []
        return try work.state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.found
        }
    }

    /// As many as are wanted; they keep their connections from one `get` to the next.
    private func open(_ count: Int) -> [Lane] {
        lanes.withLock { lanes in
            while lanes.count < count { lanes.append(Lane(configuration, times, retry)) }
            return Array(lanes.prefix(count))
        }
    }

    private static func run(
        _ work: Work, _ wanted: [Wanted], bucket: String, by key: AWSCredentials, in region: String, _ lane: Lane
    ) {
        lane.client.withLock { client in
            while let n = work.take() {
                do {
                    let bytes = try client.get(
                        bucket: bucket, key: wanted[n].key, maxBytes: wanted[n].maxBytes, by: key, in: region)
                    work.state.withLock { $0.found[n] = bytes }
                } catch {
                    if (error as? AWSError)?.isNotFound == true { continue }
                    work.state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
    }
}

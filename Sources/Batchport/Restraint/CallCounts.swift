import PostgreSQL
import Synchronization

/// How many calls the threads of a process have made to AWS since that was last written down.
final class CallCounts: Sendable {
    struct Call: Hashable {
        let place: Place
        let operation: String
    }

    private let counts = Mutex<[Call: Int]>([:])

    func add(_ attempts: [String: Int], at place: Place) {
        counts.withLock { counts in
            for (operation, count) in attempts { counts[Call(place: place, operation: operation), default: 0] += count }
        }
    }

    func take() -> [Call: Int] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }
}

extension Connection {
    /// Adds them to this hour's, and drops what is a day old.
    mutating func add(calls: [CallCounts.Call: Int]) throws {
        if calls.isEmpty { return }
        let rows = calls.map { ($0.key, $0.value) }
        _ = try pipeline([
            """
            INSERT INTO aws_calls AS c (account, region, operation, hour, calls)
            SELECT a, r, o, date_trunc('hour', now()), n
            FROM unnest(\(rows.map(\.0.place.account)), \(rows.map(\.0.place.region)), \(rows.map(\.0.operation)),
                \(rows.map(\.1))) AS counted (a, r, o, n)
            ON CONFLICT (account, region, operation, hour) DO UPDATE SET calls = c.calls + excluded.calls
            """,
            "DELETE FROM aws_calls WHERE hour < now() - interval '25 hours'",
        ])
    }
}

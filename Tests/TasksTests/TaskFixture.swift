import PostgreSQL
import Tasks
import TestSupport

/// A portal's database with an empty queue, and what tests ask of it.
struct TaskFixture {
    let database: TestDatabase

    init() throws { database = try TestDatabase.create(series: .portal) }

    func connect() throws -> Connection { try database.connect(.worker) }

    struct Row: Equatable {
        var state: String
        var attempt: Int
        var isLeased: Bool
        var error: String?
    }

    func row(_ id: Int) throws -> Row? {
        var connection = try connect()
        return try connection.row(
            "SELECT state, attempt, lease_token IS NOT NULL AS leased, last_error FROM tasks WHERE id = \(id)"
        ) {
            Row(
                state: try $0.text("state"), attempt: try $0.int("attempt"), isLeased: try $0.bool("leased"),
                error: try $0.textOptional("last_error"))
        }
    }

    /// As if the lease had been taken long ago.
    func expire(_ id: Int) throws {
        var connection = try connect()
        try connection.execute("UPDATE tasks SET lease_until = now() - interval '1 s' WHERE id = \(id)")
    }

    /// As if the time to wait were over.
    func makeDue() throws {
        var connection = try connect()
        try connection.execute(
            "UPDATE tasks SET run_at = now() - interval '1 s' WHERE state IN ('available', 'retryable')")
    }
}

extension Connection {
    mutating func claimOne(_ kind: String = "work", lane: Lane = .ordinary) throws -> ClaimedTask? {
        try claimTasks(kinds: [kind], lane: lane, leaseMilliseconds: 30_000).first
    }
}

import FoundationEssentials
import PostgreSQL

/// What a worker process shows of itself on the system page.
struct SignOfLife {
    let id = UUID()
    let host = ProcessInfo.processInfo.hostName
    let pid = Int(ProcessInfo.processInfo.processIdentifier)
    let threads: Int
}

extension Connection {
    /// - Parameter tasks: how many it is at.
    mutating func show(_ sign: SignOfLife, tasks: Int) throws {
        _ = try pipeline([
            """
            INSERT INTO workers (id, host, pid, program, threads, tasks)
            VALUES (\(sign.id), \(sign.host), \(sign.pid)::int, \(Page.version), \(sign.threads)::int, \(tasks)::int)
            ON CONFLICT (id) DO UPDATE SET seen_at = now(), tasks = excluded.tasks
            """,
            "DELETE FROM workers WHERE seen_at < now() - interval '1 day'",
        ])
    }

    mutating func remove(_ sign: SignOfLife) throws { try execute("DELETE FROM workers WHERE id = \(sign.id)") }
}

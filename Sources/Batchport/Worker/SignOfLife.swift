import FoundationEssentials
import PostgreSQL
import Vault

/// What a worker process shows of itself: for the system page, and for whoever replaces keys that all workers need.
struct SignOfLife {
    let id = UUID()
    let host = ProcessInfo.processInfo.hostName
    let pid = Int(ProcessInfo.processInfo.processIdentifier)
    let threads: Int
}

extension Connection {
    /// - Parameters:
    ///   - tasks: how many it is at.
    ///   - vault: nil where it is sealed.
    mutating func show(_ sign: SignOfLife, tasks: Int, vault: Vault?) throws {
        // It lives, even where the folder of keys cannot be read just now.
        let standing = try? vault?.rootStanding()
        _ = try pipeline([
            """
            INSERT INTO workers (id, host, pid, program, threads, tasks, root_ids, in_use, next_root)
            VALUES (\(sign.id), \(sign.host), \(sign.pid)::int, \(Page.version), \(sign.threads)::int, \(tasks)::int,
                \(vault?.rootIDs), \(standing?.inUse), \(standing?.next))
            ON CONFLICT (id) DO UPDATE SET seen_at = now(), tasks = excluded.tasks, root_ids = excluded.root_ids,
                in_use = excluded.in_use, next_root = excluded.next_root
            """,
            "DELETE FROM workers WHERE seen_at < now() - interval '1 day'",
        ])
    }

    mutating func remove(_ sign: SignOfLife) throws { try execute("DELETE FROM workers WHERE id = \(sign.id)") }
}

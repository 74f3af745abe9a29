import PostgreSQL
import Processes
import TestSupport
import Testing

extension WorkerFixture {
    /// Does the work in a thread of its own, which has to wait for what `statement` has changed already and nobody sees yet;
    /// then everybody sees it.
    func overtake(by statement: SQL, _ work: @escaping @Sendable () throws -> Void) throws {
        var other = try database.connect(.superuser)
        let thread = try other.transaction { other in
            try other.execute(statement)
            let thread = try Thread.start(name: "overtaken", stackSize: 4 << 20) {
                do { try work() } catch { Issue.record(error) }
            }
            let waits = try eventually {
                try count(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
                    """) > 0
            }
            #expect(waits, "it does not wait for what has changed")
            return thread
        }
        thread.join()
    }
}

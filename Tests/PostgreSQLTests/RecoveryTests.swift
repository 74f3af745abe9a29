import PostgreSQL
import TestSupport
import Testing

struct RecoveryTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase.create(series: .empty)
    }

    private func terminate(_ connection: inout Connection) throws {
        let process = try connection.row("SELECT pg_backend_pid()") { row in try row.int(0) } ?? 0
        var superuser = try database.connect(.superuser)
        // Waits until the backend is gone.
        let gone = try superuser.row("SELECT pg_terminate_backend(\(process)::int, 10000)") { row in try row.bool(0) }
        #expect(gone == true)
    }

    @Test func aTerminatedConnectionIsNoticedAndReplaced() throws {
        var connection = try database.connect(.migrate)
        try connection.listen("news")
        connection.identity = "token"
        try terminate(&connection)
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT") }
        #expect(error?.kind == .connection)
        let wasBroken = connection.isBroken
        #expect(wasBroken)
        #expect(throws: PostgresError.self) { try connection.execute("SELECT") }

        try connection.reconnectIfBroken()
        let isBroken = connection.isBroken
        #expect(!isBroken)
        #expect(try connection.execute("SELECT") == 1)
        try connection.execute("NOTIFY news, 'again'")
        #expect(try connection.waitForNotification(milliseconds: 10_000)?.payload == "again")
    }

    @Test func insideATransactionNothingIsKept() throws {
        var connection = try database.connect(.migrate)
        try connection.execute("CREATE TABLE t (a int)")
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (1)")
                try terminate(&connection)
                try connection.execute("INSERT INTO t VALUES (2)")
            }
        }
        #expect(error?.kind == .connection)
        try connection.reconnectIfBroken()
        #expect(try connection.execute("SELECT FROM t") == 0)
    }

    @Test func aBreakDuringCommitLeavesTheOutcomeUnknown() throws {
        var connection = try database.connect(.migrate)
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { connection in
                try connection.execute("SELECT")
                try terminate(&connection)
            }
        }
        #expect(error?.kind == .unknownCommit)
    }

    @Test func aStatementThatTakesTooLongIsCancelled() throws {
        var connection = try Connection(database.conninfo(.migrate) + " options='-c statement_timeout=50'")
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(60)") }
        #expect(error?.sqlState == "57014" && error?.kind == .statement)
        #expect(try connection.execute("SELECT") == 1)
    }
}

import PostgreSQL
import TestSupport
import Testing

struct TransactionTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase.create(series: .empty)
        var connection = try database.connect(.migrate)
        try connection.execute("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    }

    private func count() throws -> Int? {
        var connection = try database.connect(.migrate)
        return try connection.row("SELECT count(*) FROM t") { row in try row.int(0) }
    }

    private struct Interrupted: Error {}

    @Test func commitsAndRollsBack() throws {
        var connection = try database.connect(.migrate)
        let answer = try connection.transaction { connection in
            try connection.execute("INSERT INTO t VALUES (1)")
            return "kept"
        }
        #expect(answer == "kept")
        #expect(throws: Interrupted.self) {
            try connection.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (2)")
                throw Interrupted()
            }
        }
        try connection.transaction { _ in }
        #expect(try count() == 1)
        #expect(try connection.execute("SELECT") == 1)
    }

    @Test func aFailureThatIsSwallowedStillFailsTheCommit() throws {
        var connection = try database.connect(.migrate)
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { connection in
                try connection.execute("INSERT INTO t VALUES (1)")
                _ = try? connection.execute("SELECT 1/0")
            }
        }
        #expect(error?.sqlState == "25P02")
        #expect(try count() == 0)
    }

    @Test func aRefusedCommitIsTheServersError() throws {
        var connection = try database.connect(.migrate)
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { try $0.execute("INSERT INTO t VALUES (1), (1)") }
        }
        #expect(error?.kind == .statement && error?.sqlState == "23505")
    }

    @Test func doesNotNest() throws {
        var connection = try database.connect(.migrate)
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction { try $0.transaction { try $0.execute("INSERT INTO t VALUES (1)") } }
        }
        #expect(error?.sqlState == "25001")
        #expect(try count() == 0)
    }

    @Test func pipelineIsAllOrNothing() throws {
        var connection = try database.connect(.migrate)
        let results = try connection.pipeline(["INSERT INTO t VALUES (1), (2)", "SELECT a FROM t ORDER BY a"])
        #expect(results.map(\.affected) == [2, 2])
        #expect(try results[1].rows { row in try row.int("a") } == [1, 2])
        #expect(throws: PostgresError.self) {
            _ = try connection.pipeline(["DELETE FROM t", "SELECT 1/0", "SELECT 2"])
        }
        #expect(try connection.pipeline([]).isEmpty)
        #expect(try count() == 2)
    }

    @Test func moreStatementsThanTheCacheHolds() throws {
        var connection = try database.connect(.migrate)
        for round in 0..<2 {
            for number in 0..<250 {
                let fragments = Array(repeating: "+ 1" as SQL, count: number)
                let sum = try connection.row("SELECT \(round) \(fragments: fragments, separator: " ")") {
                    try $0.int(0)
                }
                #expect(sum == round + number)
            }
        }
        let prepared = try connection.row("SELECT count(*) FROM pg_prepared_statements") { try $0.int(0) }
        #expect((1...200).contains(prepared ?? 0))
    }

    @Test func theSameTextWithOtherTypesIsAnotherStatement() throws {
        var connection = try database.connect(.migrate)
        func typeName(_ sql: SQL) throws -> String? { try connection.row(sql) { try $0.text(0) } }
        #expect(try typeName("SELECT pg_typeof(\(1))::text") == "bigint")
        #expect(try typeName("SELECT pg_typeof(\(true))::text") == "boolean")
    }

    @Test func aChangedTableIsPreparedAnew() throws {
        var connection = try database.connect(.migrate)
        #expect(try connection.execute("SELECT * FROM t") == 0)
        try connection.execute("ALTER TABLE t ADD b int")
        #expect(throws: PostgresError.self) { try connection.execute("SELECT * FROM t") }
        #expect(try connection.execute("SELECT * FROM t") == 0)
    }
}

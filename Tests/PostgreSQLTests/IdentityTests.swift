import PostgreSQL
import TestSupport
import Testing

/// Row-level security by session token, as the portal does it: a demonstration table with two owners.
struct IdentityTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase.create(series: .empty)
        var owner = try database.connect(.migrate)
        let setUp: [SQL] = [
            "CREATE TABLE sessions (token text, person int)",
            "INSERT INTO sessions VALUES ('token-a', 1), ('token-b', 2)",
            """
            CREATE FUNCTION uid() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
            AS $$ SELECT person FROM sessions WHERE token = current_setting('batchport.session', true) $$
            """,
            "CREATE TABLE things (owner int, name text)",
            "INSERT INTO things VALUES (1, 'one'), (2, 'two'), (2, 'three')",
            "ALTER TABLE things ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY own ON things USING (owner = (SELECT uid()))",
            "GRANT SELECT, INSERT, UPDATE ON things TO batchport_web",
        ]
        for statement in setUp { try owner.execute(statement) }
    }

    @Test(arguments: [("token-a", 1), ("token-b", 2), ("forged", 0), ("2", 0), ("", 0), (nil, 0)] as [(String?, Int)])
    func seesItsOwn(identity: String?, expected: Int) throws {
        var connection = try database.connect(.web)
        connection.identity = identity
        for _ in 0..<2 {
            #expect(try connection.rows("SELECT name FROM things") { row in try row.text(0) }.count == expected)
            let inside = try connection.transaction { connection in
                try connection.rows("SELECT name FROM things") { row in try row.text(0) }.count
            }
            #expect(inside == expected)
            #expect(try connection.pipeline(["SELECT", "SELECT FROM things"]).last?.count == expected)
        }
    }

    @Test func doesNotOutliveItsStatement() throws {
        var connection = try database.connect(.web)
        for failing in [false, true] {
            connection.identity = "token-b"
            if failing { #expect(throws: PostgresError.self) { try connection.execute("SELECT 1/0 FROM things") } }
            #expect(try connection.execute("SELECT FROM things") == 2)
            connection.identity = nil
            #expect(try connection.execute("SELECT FROM things") == 0)
            let setting = try connection.row("SELECT current_setting('batchport.session', true)") { try $0.text(0) }
            #expect(setting == "")
        }
    }

    @Test func anInjectedStatementGainsNothing() throws {
        var connection = try database.connect(.web)
        connection.identity = "token-a"
        // As if an attacker had got statements in: he can set the setting, but knows nobody else's token.
        let results = try connection.pipeline([
            "SELECT set_config('batchport.session', '2', true)", "SELECT FROM things",
            "SELECT set_config('batchport.session', '2', false)", "SELECT FROM things",
        ])
        #expect(results[1].count == 0 && results[3].count == 0)
        // The next statement has its own identity again, even though the session's setting was changed for good.
        #expect(try connection.execute("SELECT FROM things") == 1)
        #expect(throws: PostgresError.self) { try connection.execute("SELECT FROM sessions") }
        #expect(throws: PostgresError.self) { try connection.execute("INSERT INTO things VALUES (2, 'planted')") }
    }

    @Test func isOneTransactionWithItsStatements() throws {
        var connection = try database.connect(.web)
        connection.identity = "token-b"
        let results = try connection.pipeline([
            "SELECT pg_current_xact_id()::text", "SELECT pg_current_xact_id()::text",
        ])
        let ids = try results.flatMap { try $0.rows { row in try row.text(0) } }
        #expect(ids.count == 2 && ids.first == ids.last)
    }
}

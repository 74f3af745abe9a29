import PostgreSQL
import TestSupport
import Testing

struct ErrorTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase.create(series: .empty)
        var connection = try database.connect(.migrate)
        try connection.execute(
            "CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0), b text CONSTRAINT b_once UNIQUE)")
    }

    @Test(
        arguments: [
            ("INSERT INTO t VALUES (-4711)", "23514", "positive"),
            ("INSERT INTO t (b) VALUES ('s3cret'), ('s3cret')", "23505", "b_once"),
            ("SELECT 's3cret'::int", "22P02", nil), ("SELECT 4711 / 0", "22012", nil), ("SELEC", "42601", nil),
            ("SELECT * FROM absent", "42P01", nil),
        ] as [(SQL, String, String?)])
    func carryCodesButNoValues(sql: SQL, state: String, constraint: String?) throws {
        var connection = try database.connect(.migrate)
        let error = #expect(throws: PostgresError.self) { try connection.execute(sql) }
        #expect(error?.kind == .statement)
        #expect(error?.sqlState == state)
        #expect(error?.constraint == constraint)
        for text in [error?.description ?? "", error.debugDescription] {
            #expect(text.contains(state))
            #expect(!text.contains("s3cret") && !text.contains("4711"))
        }
        #expect(try connection.execute("SELECT") == 1)
    }

    @Test func decodingNamesColumnAndTypes() throws {
        var connection = try database.connect(.migrate)
        func message(_ decode: (borrowing Row) throws -> Void) -> String {
            do {
                _ = try connection.rows("SELECT 1::int AS number, NULL::text AS nothing", decode)
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message { row in _ = try row.text("number") } == "PostgreSQL: column number: expected String, found type 23"
        )
        #expect(
            message { row in _ = try row.text("nothing") } == "PostgreSQL: column nothing: expected String, found NULL")
        #expect(message { row in _ = try row.text("numbe") } == "PostgreSQL: no column numbe")
        #expect(message { row in _ = try row.text(2) } == "PostgreSQL: no column 2")
        #expect(message { row in _ = try row.textOptional("nothing") } == "")
    }

    @Test func keptTextsOutliveTheirRows() throws {
        var connection = try database.connect(.migrate)
        let query: SQL = "SELECT n AS number, 'é' || n AS name, NULL::text AS nothing FROM generate_series(1, 2) n"
        let kept = try connection.rows(query) { row in try row.keepTexts([1, 2]) }
        try connection.execute("SELECT 1")
        #expect(kept.map { $0[1] } == ["é1", "é2"])
        #expect(kept.map { $0[2] } == [nil, nil])
        #expect(kept[0].withBytes(1) { $0.count } == 3)
        #expect(throws: PostgresError.self) { try connection.rows(query) { row in try row.keepTexts([0]) } }
        #expect(throws: PostgresError.self) { try connection.rows(query) { row in try row.keepTexts([3]) } }
    }

    @Test func oneRowMeansOne() throws {
        var connection = try database.connect(.migrate)
        #expect(try connection.row("SELECT 1 WHERE false") { row in try row.int(0) } == nil)
        #expect(throws: PostgresError.self) {
            try connection.row("SELECT generate_series(1, 2)") { row in try row.int(0) }
        }
    }

    @Test(arguments: ["host=/nonexistent", "no such setting"])
    func noServer(conninfo: String) {
        let error = #expect(throws: PostgresError.self) { _ = try Connection(conninfo) }
        #expect(error?.kind == .connection)
    }
}

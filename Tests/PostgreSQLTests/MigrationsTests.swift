import PostgreSQL
import TestSupport
import Testing

struct MigrationsTests {
    private let database: TestDatabase
    private let folder: TestFolder

    init() throws {
        database = try TestDatabase.create(series: .empty)
        folder = try TestFolder()
    }

    private func write(_ name: String, _ sql: String) throws {
        try folder.write(Array(sql.utf8), to: name)
    }

    @Test func applyOnlyWhatIsMissing() throws {
        var connection = try database.connect(.migrate)
        #expect(try Migrations.version(series: "demo", connection: &connection) == 0)
        try write("001_a.sql", "CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
        #expect(try Migrations.apply(folder: folder.path, series: "demo", connection: &connection) == 1)
        try write("002_b.sql", "INSERT INTO a VALUES (2);")
        try write("README.txt", "not SQL")
        for _ in 0..<2 {
            #expect(try Migrations.apply(folder: folder.path, series: "demo", connection: &connection) == 2)
        }
        #expect(try connection.rows("SELECT x FROM a ORDER BY x") { row in try row.int(0) } == [1, 2])

        var web = try database.connect(.web)
        #expect(try Migrations.version(series: "demo", connection: &web) == 2)
        try Migrations.requireVersion(series: "demo", in: 1...2, connection: &web)
        #expect(throws: MigrationError.self) {
            try Migrations.requireVersion(series: "demo", in: 3...4, connection: &web)
        }
    }

    @Test func aFailingFileLeavesNothing() throws {
        var connection = try database.connect(.migrate)
        try write("001_a.sql", "CREATE TABLE a (x int);")
        try write("002_b.sql", "CREATE TABLE b (x int); SELECT absent;")
        let error = #expect(throws: MigrationError.self) {
            try Migrations.apply(folder: folder.path, series: "demo", connection: &connection)
        }
        #expect(error?.file.hasSuffix("002_b.sql") == true)
        #expect(error?.reason.contains("absent") == true)
        #expect(try Migrations.version(series: "demo", connection: &connection) == 1)
        #expect(try connection.row("SELECT to_regclass('b') IS NULL") { row in try row.bool(0) } == true)
    }

    @Test(arguments: ["002_gap.sql", "1_short.sql", "0001_long.sql", "abc_x.sql"])
    func badNumbering(name: String) throws {
        var connection = try database.connect(.migrate)
        try write(name, "SELECT;")
        #expect(throws: MigrationError.self) {
            try Migrations.apply(folder: folder.path, series: "demo", connection: &connection)
        }
    }

    @Test func aNewerDatabaseIsRefused() throws {
        var connection = try database.connect(.migrate)
        try write("001_a.sql", "SELECT;")
        _ = try Migrations.apply(folder: folder.path, series: "demo", connection: &connection)
        let empty = try TestFolder()
        #expect(throws: MigrationError.self) {
            try Migrations.apply(folder: empty.path, series: "demo", connection: &connection)
        }
    }
}

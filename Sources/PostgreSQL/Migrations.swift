internal import FoundationEssentials

/// Numbered files `NNN_name.sql`, from 001 without gaps, each applied once in a transaction of its own. What has been
/// applied stands in `schema_version`, one row per file; several series may share a database.
package enum Migrations {
    /// How long a migration may wait for a table that is in use, so that it never queues the portal behind itself.
    static let lockTimeout = "4s"

    /// Applies what is missing and answers the version reached. Two runs at once take turns.
    package static func apply(folder: String, series: String, connection: inout Connection) throws -> Int {
        let files = try Migration.files(in: folder)
        try connection.execute("SELECT pg_advisory_lock(hashtextextended('batchport.migrations', 0))")
        defer { _ = try? connection.execute("SELECT pg_advisory_unlock(hashtextextended('batchport.migrations', 0))") }
        try createTable(&connection)
        let current = try version(series: series, connection: &connection)
        guard current <= files.count else {
            throw MigrationError(
                file: folder, reason: "the database is at version \(current) of \(series), newer than the files")
        }
        for file in files.dropFirst(current) { try apply(file, series: series, connection: &connection) }
        return files.count
    }

    /// 0 when nothing has been applied.
    package static func version(series: String, connection: inout Connection) throws -> Int {
        let table = try connection.row("SELECT to_regclass('schema_version') IS NOT NULL") { try $0.bool(0) }
        guard table == true else { return 0 }
        return try connection.row("SELECT coalesce(max(version), 0) FROM schema_version WHERE series = \(series)") {
            try $0.int(0)
        } ?? 0
    }

    /// What a process checks before it serves.
    package static func requireVersion(
        series: String, in range: ClosedRange<Int>, connection: inout Connection
    ) throws {
        let version = try version(series: series, connection: &connection)
        guard range.contains(version) else {
            throw MigrationError(
                file: series,
                reason: "the database is at version \(version), this program needs "
                    + (range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"))
        }
    }

    private static func createTable(_ connection: inout Connection) throws {
        try connection.script(
            """
            CREATE TABLE IF NOT EXISTS schema_version (
                series text NOT NULL,
                version int NOT NULL CHECK (version > 0),
                applied_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (series, version)
            );
            GRANT SELECT ON schema_version TO PUBLIC;
            """)
    }

    private static func apply(_ file: Migration, series: String, connection: inout Connection) throws {
        do {
            try connection.script("BEGIN; SET LOCAL lock_timeout = '\(lockTimeout)'")
            try connection.script(file.read())
            try connection.execute("INSERT INTO schema_version (series, version) VALUES (\(series), \(file.version))")
            try connection.script("COMMIT")
        } catch {
            _ = try? connection.script("ROLLBACK")
            throw MigrationError(file: file.path, reason: (error as? PostgresError)?.message ?? "\(error)")
        }
    }
}

/// Names the file; the server's sentence is kept because migrations are run by an operator and hold no one's values.
package struct MigrationError: Error, CustomStringConvertible, Sendable {
    package let file: String
    package let reason: String

    package var description: String { "\(file): \(reason)" }
}

struct Migration {
    let version: Int
    let path: String

    static func files(in folder: String) throws -> [Migration] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sql") }
        var files: [Migration] = []
        for name in names.sorted() {
            let digits = name.prefix { $0 != "_" }
            guard digits.count == 3, let version = Int(digits), version == files.count + 1 else {
                throw MigrationError(file: name, reason: "expected a name that begins with \(files.count + 1) as NNN_")
            }
            files.append(Migration(version: version, path: folder + "/" + name))
        }
        return files
    }

    func read() throws -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self)
        else { throw MigrationError(file: path, reason: "not readable as UTF-8") }
        return text
    }
}

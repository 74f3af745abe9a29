import ArgumentParser
import PostgreSQL
import Settings

struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings a database to this program's version.", subcommands: [Portal.self, Local.self])

    struct Portal: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The portal's database (migrate.database, as the role batchport_migrate).")
        @OptionGroup var settingsOption: SettingsOption

        func run() throws {
            try apply("portal", as: Declared.migrateDatabase, settingsOption)
        }
    }

    struct Local: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The local region's database (local.migrate_database, as the role batchport_local_migrate).")
        @OptionGroup var settingsOption: SettingsOption

        func run() throws {
            try apply("local", as: Declared.localMigrateDatabase, settingsOption)
        }
    }

    private static func apply(
        _ series: String, as database: Setting<String>, _ option: SettingsOption
    ) throws {
        let settings = try option.load(needing: [Declared.sqlFolder.declaration, database.declaration])
        let folder = try settings.required(Declared.sqlFolder) + "/" + series
        var connection = try open(try settings.required(database))
        let version = try Migrations.apply(folder: folder, series: series, connection: &connection)
        print("The database of the \(series == "portal" ? "portal" : "local region") is at version \(version).")
    }

    /// libpq's own sentence, which names host and role: for a terminal.
    static func open(_ conninfo: String) throws -> Connection {
        do {
            return try Connection(conninfo)
        } catch {
            throw Sentence("The database cannot be reached: \(error.message)")
        }
    }
}

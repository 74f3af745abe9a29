import ArgumentParser
import Batchport
import FoundationEssentials
import PostgreSQL
import Processes
import Settings

struct Admin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What an operator sets up, as the database's owner (migrate.database).",
        subcommands: [
            FirstAdminCode.self, AddPerson.self, AddToken.self, AddCredential.self, ExternalID.self, AddRole.self,
            AddEnvironment.self, Recover.self, AuditTrail.self, BackedUp.self, VaultKeys.self,
            RecoveryKeys.self, TaskList.self,
        ])
}

extension SettingsOption {
    func administrate<Value>(
        needing needed: [SettingDeclaration] = [], _ body: (Settings, inout Connection) throws -> Value
    ) throws -> Value {
        let settings = try load(needing: [Declared.migrateDatabase.declaration] + needed)
        var database = try Migrate.open(try settings.required(Declared.migrateDatabase))
        do {
            return try body(settings, &database)
        } catch let refusal as Administration.Refusal {
            throw Sentence(refusal.description)
        }
    }

    /// Prints the id of what was added.
    func add(
        _ option: IfAbsentOption, needing needed: [SettingDeclaration] = [],
        _ body: (Settings, inout Connection) throws -> UUID
    ) throws {
        try administrate(needing: needed) { settings, database in
            do {
                print(try body(settings, &database).uuidString.lowercased())
            } catch let refusal as Administration.Refusal where refusal.isTaken && option.ifAbsent {
                return
            }
        }
    }
}

/// For scripts that may be run again.
struct IfAbsentOption: ParsableArguments {
    @Flag(help: "One of that name that is there already is no error; it stays as it is.") var ifAbsent = false
}

/// A secret's file: its first line, without the end of line.
func secretLine(_ path: String) throws -> String {
    // By its descriptor: the pipe may belong to another user, and then the path cannot be opened.
    if path == "/dev/stdin" { return readLine() ?? "" }
    let bytes = try File.read(path, limit: 64 << 10)
    return String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
}

struct FirstAdminCode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints a code, good once and for an hour, with which somebody becomes the first admin at /first-admin.")
    @OptionGroup var settingsOption: SettingsOption

    func run() throws {
        print(try settingsOption.administrate { _, database in try Administration.firstAdminCode(in: &database) })
    }
}

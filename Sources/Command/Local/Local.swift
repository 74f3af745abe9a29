import ArgumentParser
import PostgreSQL
import Settings

struct Local: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The local region: AWS's protocols, and jobs that really run, on this machine.",
        subcommands: [
            LocalRun.self, LocalOrder.self, LocalIdentity.self, LocalLedger.self, LocalFill.self, LocalMove.self,
        ],
        defaultSubcommand: LocalRun.self)
}

extension SettingsOption {
    /// With the local region's database.
    func inLocalRegion<Value>(_ body: (inout Connection) throws -> Value) throws -> Value {
        let settings = try load(needing: [Declared.localDatabase.declaration])
        var database = try Connection(try settings.required(Declared.localDatabase))
        return try body(&database)
    }
}

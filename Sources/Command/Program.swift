import ArgumentParser
import Batchport

struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batchport", abstract: "A team's portal for AWS Batch.", version: ProgramVersion.text,
        subcommands: [Web.self, Work.self, Local.self, Migrate.self, Admin.self, Check.self])
}

/// Where every command finds its settings.
struct SettingsOption: ParsableArguments {
    @Option(
        name: .customLong("settings"), help: "The settings file; without it, the file that BATCHPORT_SETTINGS names.")
    var file: String?
}

/// Why a command did nothing, for the terminal.
struct Sentence: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

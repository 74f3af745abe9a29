import ArgumentParser
import Batchport

struct VaultKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Replaces the vault's keys while they are used, and says how far that is.",
        discussion: """
            The workers do it. For the root key, each must have been given the new one first (vault.next_root_key); once it is \
            done, the new one becomes vault.root_key, and the old one may go.
            """,
        subcommands: [Standing.self, Rotate.self])

    struct Standing: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Prints, as JSON, what the workers have and what was replaced.")
        @OptionGroup var settingsOption: SettingsOption

        func run() throws {
            print(try settingsOption.administrate { _, database in try Administration.vaultStanding(in: &database) })
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Begins to replace keys.")
        @OptionGroup var settingsOption: SettingsOption
        @Argument(help: "root or owners.") var what: Administration.VaultRotation

        func run() throws {
            try settingsOption.administrate { _, database in try Administration.rotate(what, in: &database) }
            print("The workers have begun. batchport admin vault status says how far they are.")
        }
    }
}

extension Administration.VaultRotation: ExpressibleByArgument {}

import ArgumentParser
import Batchport
import FoundationEssentials

struct VaultKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault",
        abstract: "Seals the vault in an emergency; replaces its keys while they are used; says how it stands.",
        discussion: """
            While it is sealed no worker opens a secret for anybody: jobs are taken and wait, and go on by themselves \
            afterwards. Sessions of AWS's that workers had before end by themselves, within the hour.

            The workers replace keys. For the root key, each must have been given the new one first (vault.next_root_key); once it is \
            done, the new one becomes vault.root_key, and the old one may go.
            """,
        subcommands: [Seal.self, Unseal.self, Standing.self, Rotate.self])

    struct Standing: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Prints, as JSON, whether it is sealed, what the workers have and what was replaced.")
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

extension VaultKeys {
    struct Seal: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seals the vault: no secret is opened until it is unsealed.")
        @OptionGroup var settingsOption: SettingsOption
        @Option(help: "Why. Everybody whose jobs wait reads it.") var reason: String
        @OptionGroup var byOption: ByOption

        func run() throws {
            try settingsOption.administrate { _, database in
                try Administration.sealVault(reason: reason, by: byOption.name, in: &database)
            }
            print("The vault is sealed. batchport admin vault unseal unseals it.")
        }
    }

    struct Unseal: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Unseals the vault: what waited goes on by itself.")
        @OptionGroup var settingsOption: SettingsOption
        @OptionGroup var byOption: ByOption

        func run() throws {
            try settingsOption.administrate { _, database in
                try Administration.unsealVault(by: byOption.name, in: &database)
            }
            print("The vault is unsealed. What waited goes on within seconds.")
        }
    }

    /// Whose word it is. The database knows whoever runs this as its owner alone.
    struct ByOption: ParsableArguments {
        @Option(
            help:
                "Who does it, for the audit trail and the admins' pages. Otherwise the user of the system, as SUDO_USER or USER names them."
        )
        var by: String?

        var name: String {
            let environment = ProcessInfo.processInfo.environment
            return by ?? environment["SUDO_USER"] ?? environment["USER"] ?? "an operator"
        }
    }
}

extension Administration.VaultRotation: ExpressibleByArgument {}
